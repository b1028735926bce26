package io.spillway.grammar;

import io.spillway.grammar.schema.Whitespace;
import java.util.List;

/** What an output must look like, as a request says it. Immutable. {@link GrammarText} writes it as one line and reads it back. */
public sealed interface GrammarSource {
    /** As {@code max} of a repetition: without bound. */
    int UNBOUNDED = -1;

    /**
     * The JSON text of a value that a schema allows.
     *
     * @param schema the schema's JSON text
     * @param strict whether keywords that cannot be kept are refused; they are noted otherwise
     */
    record JsonSchema(String schema, boolean strict, Whitespace whitespace) implements GrammarSource {
    }

    /** Any JSON object. */
    record JsonObject(Whitespace whitespace) implements GrammarSource {
    }

    /** A text that a regular expression matches as a whole. */
    record Regex(String regex) implements GrammarSource {
    }

    /** A text of a grammar in llama.cpp's notation. */
    record Gbnf(String grammar) implements GrammarSource {
    }

    /** One of some texts. */
    record Choice(List<String> texts) implements GrammarSource {
    }

    /** This text, spelled with ordinary tokens. */
    record Literal(String text) implements GrammarSource {
    }

    /** The special token of this text; or the text, for vocabularies in which the token is an ordinary one. */
    record Marker(String text) implements GrammarSource {
    }

    /** All parts, one after the other. */
    record Sequence(List<GrammarSource> parts) implements GrammarSource {
    }

    /** Any one of the branches. */
    record AnyOf(List<GrammarSource> branches) implements GrammarSource {
    }

    /**
     * {@code min} to {@code max} times the body, with a separator between.
     *
     * @param max may be {@link #UNBOUNDED}
     */
    record Repeat(GrammarSource body, GrammarSource separator, int min, int max) implements GrammarSource {
    }

    /** Free text in which this one does not occur, neither as a special token nor spelled out. */
    record Without(String text) implements GrammarSource {
    }

    /**
     * Free text up to a marker, which must come; then what follows it: a thought before an answer, for instance.
     *
     * @param marker as {@link Marker}: a special token or spelled out; the first one ends the free text
     */
    record Until(String marker, GrammarSource follows) implements GrammarSource {
    }

    /**
     * Free text; whenever one of the triggers has been written, what belongs to it must follow. The output may end in free text.
     *
     * @param again whether free text, and further triggers, may follow what a trigger brought; the output ends with it otherwise
     */
    record Triggered(List<Trigger> triggers, boolean again) implements GrammarSource {
        /**
         * A text to wait for.
         *
         * @param text    as {@link Marker}: a special token or spelled out
         * @param follows what must come after it
         */
        public record Trigger(String text, GrammarSource follows) {
        }
    }
}
