package io.spillway.modelfile;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TokenTextsTest {
    private static TokenTexts read(final String path) {
        try (ModelSource source = ModelSource.open(Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook", path))) {
            return TokenTexts.of(source).orElseThrow();
        }
    }

    @Test
    void bothFormatsAndBothModelsOfAFamilyAgree() {
        final TokenTexts gguf = read("brook/brook-f16.gguf");
        final TokenTexts huggingFace = read("brook-small");
        assertThat(gguf.byId()).hasSizeGreaterThan(2000);
        assertThat(huggingFace.byId()).hasSizeGreaterThan(2000);
        assertThat(gguf.firstDifference(huggingFace)).isEqualTo(-1);
        assertThat(huggingFace.firstDifference(gguf)).isEqualTo(-1);
    }

    @Test
    void aTokenThatMeansSomethingElseIsNamed() {
        final TokenTexts some = new TokenTexts(new TreeMap<>(Map.of(0, "a", 1, "b", 2, "c")));
        final TokenTexts other = new TokenTexts(new TreeMap<>(Map.of(0, "a", 2, "d", 7, "e")));
        assertThat(some.firstDifference(other)).isEqualTo(2);
        assertThat(some.firstDifference(new TokenTexts(new TreeMap<>(Map.of(9, "z"))))).isEqualTo(-1);
    }
}
