package io.spillway.gateway.responses;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.gateway.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class CustomInputTest {
    /** @return the deltas, and nothing but whole characters in each */
    private static String told(final String written, final List<Integer> cuts) {
        final CustomInput input = new CustomInput();
        final StringBuilder told = new StringBuilder();
        int from = 0;
        for (final int cut : cuts.stream().map(cut -> cut % (written.length() + 1)).sorted().toList()) {
            append(told, input.take(written.substring(from, cut)));
            from = cut;
        }
        append(told, input.take(written.substring(from)));
        append(told, input.end());
        assertThat(told).hasToString(input.text());
        return told.toString();
    }

    private static void append(final StringBuilder told, final String delta) {
        if (delta.codePoints().noneMatch(c -> c >= 0xd800 && c < 0xe000)) {
            assertThat(new String(delta.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8)).isEqualTo(delta);
        }
        told.append(delta);
    }

    @Property(tries = 500)
    void aTextComesOutAsItWentIn(@ForAll final String text, @ForAll @Size(max = 6) final List<@IntRange(max = 10_000) Integer> cuts) {
        assertThat(told(Json.object().put("input", text).toString(), cuts)).isEqualTo(text);
    }

    @Property(tries = 300)
    void escapedPairsComeWhole(@ForAll @IntRange(min = 0x10000, max = 0x10ffff) final int character,
            @ForAll @Size(max = 4) final List<@IntRange(max = 40) Integer> cuts) {
        final String text = Character.toString(character);
        final String escaped = "{ \"input\" : \"" + String.format("\\u%04x\\u%04x", (int) text.charAt(0), (int) text.charAt(1)) + "\"}";
        assertThat(told(escaped, cuts)).isEqualTo(text);
    }

    @Property(tries = 300)
    void anythingElseComesOutAsItIs(@ForAll final String text, @ForAll @Size(max = 4) final List<@IntRange(max = 10_000) Integer> cuts) {
        final String written = "<" + text;
        assertThat(told(written, cuts)).isEqualTo(written);
    }

    @Test
    void theTextIsFoundBehindOtherFields() {
        assertThat(told("{\"why\":1,\"input\":\"x\"}", List.of(3, 9))).isEqualTo("x");
        assertThat(told("{\"patch\":\"x\"}", List.of(4))).isEqualTo("{\"patch\":\"x\"}");
        assertThat(told("{\"input\":\"cut \\u00", List.of())).isEqualTo("cut \\u00");
    }
}
