package io.spillway.gateway.openai;

import io.spillway.gateway.json.Fields;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Reads what a request says to the model's chat template: {@code reasoning_effort}, {@code verbosity}, and any name by
 * {@code chat_template_kwargs}. Templates that know a name heed it, others pass it over. Stateless; any thread.
 */
final class TemplateNames {
    private static final List<String> EFFORTS = List.of("none", "minimal", "low", "medium", "high", "xhigh", "max");
    private static final List<String> VERBOSITIES = List.of("low", "medium", "high");

    private TemplateNames() {
    }

    /** @throws io.spillway.domain.error.SpillwayException for an effort or a verbosity that nobody knows */
    static Map<String, Object> read(final Fields body) {
        final Map<String, Object> names = new LinkedHashMap<>();
        body.text("reasoning_effort").ifPresent(effort -> {
            names.put("reasoning_effort", oneOf(EFFORTS, effort, "reasoning_effort", body));
            if (effort.equals("none")) {
                names.put("enable_thinking", false);
            }
        });
        body.text("verbosity").ifPresent(verbosity -> names.put("verbosity", oneOf(VERBOSITIES, verbosity, "verbosity", body)));
        body.object("chat_template_kwargs").ifPresent(named -> names.putAll(named.toMap()));
        names.values().removeIf(Objects::isNull);
        return names;
    }

    private static String oneOf(final List<String> known, final String value, final String field, final Fields body) {
        if (!known.contains(value)) {
            throw body.invalid(field, "'" + value + "' is not one of " + String.join(", ", known) + ".");
        }
        return value;
    }
}
