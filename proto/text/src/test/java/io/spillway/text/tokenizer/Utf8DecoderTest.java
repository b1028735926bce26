package io.spillway.text.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class Utf8DecoderTest {
    @Test
    void decodesAsPythonDoesHoweverTheBytesAreCut() throws IOException {
        final JsonNode cases = new ObjectMapper().readTree(Utf8DecoderTest.class.getResourceAsStream("/golden/utf8.json"));
        assertThat(cases).isNotEmpty();
        for (final JsonNode golden : cases) {
            final byte[] bytes = HexFormat.of().parseHex(golden.get("bytes").asText());
            for (int cut = 0; cut <= bytes.length; cut++) {
                final Utf8Decoder decoder = new Utf8Decoder();
                final StringBuilder out = new StringBuilder();
                decoder.accept(java.util.Arrays.copyOfRange(bytes, 0, cut), out);
                decoder.accept(java.util.Arrays.copyOfRange(bytes, cut, bytes.length), out);
                decoder.end(out);
                assertThat(out.toString()).as(golden.get("bytes").asText()).isEqualTo(golden.get("text").asText());
            }
        }
    }
}
