package io.spillway.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationDefaults;
import io.spillway.domain.request.SamplingSettings;
import io.spillway.modelfile.GgufFile;
import io.spillway.text.tokenizer.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model's files say of how it is to be sampled. */
class GenerationDefaultsTest {
    private static final Path BROOK = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook");

    @TempDir
    private Path folder;

    private GenerationDefaults config(final String json) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), json.replace('\'', '"'));
        return GenerationConfig.of(folder);
    }

    private GenerationDefaults gguf(final Map<String, Object> metadata) throws IOException {
        final Path path = folder.resolve("m.gguf");
        GgufWriter.write(path, metadata);
        try (GgufFile file = GgufFile.open(path)) {
            return GgufDefaults.read(file);
        }
    }

    @Test
    void theBundledModelIsGreedyAndBriefInBothFormats() {
        for (final Path path : new Path[] {BROOK, BROOK.resolve("brook-f16.gguf")}) {
            try (ModelText text = ModelText.load(path)) {
                assertThat(text.defaults().sampling().temperature()).hasValue(0);
                assertThat(text.defaults().outputTokensMax()).hasValue(256);
            }
        }
    }

    @Test
    void everyKeyOfTheFileIsRead() throws IOException {
        assertThat(config("{'do_sample':true,'temperature':0.6,'top_k':20,'top_p':0.95,'min_p':0.05,'typical_p':0.9,'repetition_penalty':1.05,"
            + "'max_new_tokens':2048,'eos_token_id':[1,2],'transformers_version':'4'}"))
            .isEqualTo(new GenerationDefaults(new SamplingSettings(OptionalDouble.of(0.6), OptionalInt.of(20), OptionalDouble.of(0.95),
                OptionalDouble.of(0.05), OptionalDouble.of(0.9), OptionalDouble.of(1.05), OptionalInt.empty()), OptionalInt.of(2048)));
    }

    @Test
    void nothingIsSaidByNoFileAnEmptyOneOrNulls() throws IOException {
        assertThat(GenerationConfig.of(folder)).isEqualTo(GenerationDefaults.NONE);
        assertThat(config("{}")).isEqualTo(GenerationDefaults.NONE);
        assertThat(config("{'temperature':null,'max_new_tokens':null,'do_sample':null}")).isEqualTo(GenerationDefaults.NONE);
    }

    @Test
    void withoutSamplingTheLikeliestTokenIsMeantWhateverTheTemperature() throws IOException {
        assertThat(config("{'do_sample':false,'temperature':0.6,'top_k':-1}").sampling().temperature()).hasValue(0);
        assertThat(config("{'top_k':-1}").sampling().topK()).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'temperature':'hot'}", "{'top_p':2}", "{'temperature':-1}", "{'max_new_tokens':0}", "{'top_k':1.5}", "{'top_p'"})
    void whatCannotBeUsedIsRefusedByTheFilesName(final String json) {
        assertThatThrownBy(() -> config(json)).isInstanceOfSatisfying(SpillwayException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE)).hasMessageContaining("generation_config.json");
    }

    @Test
    void theKeysOfAGgufFileAreRead() throws IOException {
        final GenerationDefaults read = gguf(Map.of("general.sampling.temp", 0.7f, "general.sampling.top_k", 40, "general.sampling.top_p", 0.95f,
            "general.sampling.min_p", 0.01f, "general.sampling.penalty_repeat", 1.1f));
        assertThat(read).isEqualTo(new GenerationDefaults(new SamplingSettings(OptionalDouble.of(0.7), OptionalInt.of(40), OptionalDouble.of(0.95),
            OptionalDouble.of(0.01), OptionalDouble.empty(), OptionalDouble.of(1.1), OptionalInt.of(64)), OptionalInt.empty()));
        assertThat(gguf(Map.of("general.name", "x"))).isEqualTo(GenerationDefaults.NONE);
        assertThat(gguf(Map.of("general.sampling.temp", -1f)).sampling().temperature()).hasValue(0);
        assertThatThrownBy(() -> gguf(Map.of("general.sampling.top_p", 7f))).hasMessageContaining("m.gguf").hasMessageContaining("topP");
    }

    @ParameterizedTest
    @CsvSource({"-1, 1.1, 0", "128, 1.1, 128", "0, -1, -1", "9999999, 1.1, 65536"})
    void thePenaltysWindowIsTranslated(final int written, final double penalty, final int windowTokens) throws IOException {
        final SamplingSettings read =
            gguf(Map.of("general.sampling.penalty_repeat", 1.1f, "general.sampling.penalty_last_n", written)).sampling();
        assertThat(read.repetitionPenalty().orElse(-1)).isEqualTo(penalty);
        assertThat(read.repetitionWindowTokens().orElse(-1)).isEqualTo(windowTokens);
    }

    @Test
    void theGgufFilesOwnKeysComeBeforeTheFileBesideIt() throws IOException {
        config("{'temperature':0.6,'top_k':20,'max_new_tokens':99}");
        final GenerationDefaults both = gguf(Map.of("general.sampling.temp", 0.7f)).or(GenerationConfig.beside(folder.resolve("m.gguf")));
        assertThat(both.sampling().temperature()).hasValue(0.7);
        assertThat(both.sampling().topK()).hasValue(20);
        assertThat(both.outputTokensMax()).hasValue(99);
    }
}
