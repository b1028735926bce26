package io.spillway.local.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.SpillwayException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCheckTest {
    @TempDir
    private Path folder;

    @Test
    void whatIsMissingIsSaidInOneLine() throws Exception {
        refused(folder.resolve("none"), "no model at");
        refused(folder, folder.toString());
        Files.writeString(folder.resolve("config.json"), "{}");
        refused(folder, folder.toString());
        for (final String damaged : List.of("", "GGML....", "GGUF\u0003\0\0\0")) {
            refused(Files.writeString(folder.resolve("bad.gguf"), damaged), "bad.gguf");
        }
    }

    @Test
    void theBundledModelIsBothADirectoryAndAFile() {
        final Path brook = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook");
        assertThatCode(() -> ModelCheck.check(brook)).doesNotThrowAnyException();
        assertThatCode(() -> ModelCheck.check(brook.resolve("brook-f16.gguf"))).doesNotThrowAnyException();
        assertThat(new ClusterSpec(brook, folder, 1, 0, Serving.DEFAULT).modelName()).isEqualTo("brook");
        assertThat(new ClusterSpec(brook.resolve("brook-f16.gguf"), folder, 1, 0, Serving.DEFAULT).modelName()).isEqualTo("brook-f16");
    }

    private static void refused(final Path model, final String problem) {
        assertThatThrownBy(() -> ModelCheck.check(model)).isInstanceOf(SpillwayException.class).hasMessageContaining(problem)
            .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
    }
}
