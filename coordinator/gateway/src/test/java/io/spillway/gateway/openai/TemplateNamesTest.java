package io.spillway.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.gateway.json.Fields;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TemplateNamesTest {
    private static Map<String, Object> names(final String body) {
        return TemplateNames.read(Fields.parse(body.replace('\'', '"').getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void effortAndVerbosityAreSaidToTheTemplate() {
        assertThat(names("{}")).isEmpty();
        assertThat(names("{'reasoning_effort':'high','verbosity':'low'}")).isEqualTo(Map.of("reasoning_effort", "high", "verbosity", "low"));
        assertThat(names("{'reasoning_effort':'none'}")).isEqualTo(Map.of("reasoning_effort", "none", "enable_thinking", false));
        assertThat(names("{'reasoning_effort':'max'}")).isEqualTo(Map.of("reasoning_effort", "max"));
    }

    @Test
    void namesOfTheClientsOwnWin() {
        assertThat(names("{'reasoning_effort':'none','chat_template_kwargs':{'enable_thinking':true,'x':null,'y':[1]}}"))
            .isEqualTo(Map.of("reasoning_effort", "none", "enable_thinking", true, "y", java.util.List.of(1)));
    }
}
