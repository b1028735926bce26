package io.spillway.sdk;

/** What an answer's text must look like. The node masks every other token, so an answer that ends by itself fits. */
public sealed interface AnswerFormat {
    /** Anything. */
    AnswerFormat FREE = new Free();

    /** Anything. */
    record Free() implements AnswerFormat {
    }

    /** Some JSON object. */
    record JsonObject() implements AnswerFormat {
    }

    /**
     * JSON that keeps to a schema.
     *
     * @param strict whether a schema that says more than strict mode can keep is refused
     */
    record JsonSchema(String schemaJson, boolean strict) implements AnswerFormat {
    }

    /** Text that matches a regular expression as a whole. */
    record Regex(String regex) implements AnswerFormat {
    }

    /** Text that a GBNF grammar derives. */
    record Gbnf(String grammar) implements AnswerFormat {
    }
}
