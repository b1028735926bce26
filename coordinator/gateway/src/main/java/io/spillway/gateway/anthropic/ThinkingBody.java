package io.spillway.gateway.anthropic;

import io.spillway.gateway.json.Fields;
import java.util.OptionalInt;
import java.util.Set;

/**
 * {@code thinking}: whether the model may think, and whether its thoughts are told.
 *
 * @param wanted  who does not ask gets no thoughts: clients take the first block for the answer
 * @param omitted blocks of thought come without their words
 */
record ThinkingBody(boolean wanted, boolean omitted) {
    private static final Set<String> TYPES = Set.of("enabled", "adaptive", "between_tools", "disabled");
    private static final Set<String> DISPLAYS = Set.of("summarized", "omitted", "full", "updates");
    private static final int BUDGET_MIN = 1024;

    /** @param outputTokensMax {@code max_tokens}; empty where none was asked for */
    static ThinkingBody read(final Fields body, final OptionalInt outputTokensMax) {
        return body.object("thinking").map(thinking -> {
            final String type = thinking.requiredText("type");
            if (!TYPES.contains(type)) {
                throw thinking.invalid("type", "'" + type + "' is not one of enabled, adaptive, disabled.");
            }
            if (type.equals("enabled")) {
                checkBudget(thinking, outputTokensMax);
            }
            final String display = thinking.text("display").orElse("summarized");
            if (!DISPLAYS.contains(display)) {
                throw thinking.invalid("display", "'" + display + "' is not one of summarized, omitted, updates.");
            }
            return new ThinkingBody(!type.equals("disabled"), display.equals("omitted"));
        }).orElse(new ThinkingBody(false, false));
    }

    private static void checkBudget(final Fields thinking, final OptionalInt outputTokensMax) {
        final int budget = thinking.integer("budget_tokens", BUDGET_MIN, Integer.MAX_VALUE)
            .orElseThrow(() -> thinking.missing("budget_tokens"));
        if (outputTokensMax.isPresent() && budget >= outputTokensMax.getAsInt()) {
            throw thinking.invalid("budget_tokens", "it must be less than 'max_tokens'.");
        }
    }
}
