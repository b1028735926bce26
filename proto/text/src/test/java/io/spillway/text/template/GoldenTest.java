package io.spillway.text.template;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Ours against Python's jinja2: real templates over many conversations, single constructs, random expressions. */
class GoldenTest {
    /** Python prints the address of an object; we refuse. */
    private static final Set<String> KNOWN = Set.of("{{ d.items }}", "{{ n|items }}");

    @Test
    void realTemplatesRenderAsInPython() {
        final List<String> wrong = new ArrayList<>();
        for (final JsonNode golden : Golden.read("/golden/conversations.json")) {
            final String template = golden.get("template").asText();
            final String ours = Golden.render(Golden.template(template), Golden.variables(golden.get("variables")));
            final String difference = Golden.difference(golden, ours);
            if (difference != null) {
                wrong.add(template + ", " + golden.get("name").asText() + "\n  " + difference);
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void constructsAndRandomExpressionsRenderAsInPython() {
        final JsonNode file = Golden.read("/golden/snippets.json");
        final Map<String, Object> variables = Golden.variables(file.get("variables"));
        final List<String> wrong = new ArrayList<>();
        for (final JsonNode golden : file.get("cases")) {
            final String source = golden.get("source").asText();
            final String difference = Golden.difference(golden, Golden.render(source, variables));
            if (difference != null && !KNOWN.contains(source)) {
                wrong.add(source + "\n  " + difference);
            }
        }
        assertThat(wrong).isEmpty();
    }
}
