package io.spillway.coordinator.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.config.ConfigFile;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.request.GenerationDefaults;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an operator says of how a model is to be sampled. */
class SamplingConfigTest {
    private static final Path BROOK = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook");

    private static CoordinatorConfig.Model model(final String more) {
        return ConfigFile.parse("id: brook\npath: '" + BROOK + "'\n" + more, "a test", CoordinatorConfig.Model.class);
    }

    private static GenerationDefaults defaults(final CoordinatorConfig.Model model) {
        return TextModels.load(List.of(model)).of(new ModelId("brook")).orElseThrow().defaults();
    }

    @Test
    void theOperatorsWordComesBeforeTheModelsFiles() {
        final GenerationDefaults silent = defaults(model(""));
        assertThat(silent.sampling().temperature()).hasValue(0);
        assertThat(silent.outputTokensMax()).hasValue(256);
        final GenerationDefaults said = defaults(model("sampling: {temperature: 0.7, top-p: 0.9, output-tokens-max: 1000}"));
        assertThat(said.sampling().temperature()).hasValue(0.7);
        assertThat(said.sampling().topP()).hasValue(0.9);
        assertThat(said.outputTokensMax()).hasValue(1000);
        assertThat(defaults(model("sampling: {min-p: 0.05}")).sampling().temperature()).hasValue(0);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "temperatur: 1        | temperature",
        "temperature: -1      | temperature",
        "top-p: 1.5           | topP",
        "repetition-window: 70000 | repetitionWindowTokens",
        "output-tokens-max: 0 | outputTokensMax",
        "top-k: many          | top-k",
    })
    void whatIsUnknownOrOutOfRangeIsRefused(final String key, final String named) {
        assertThatThrownBy(() -> model("sampling: {" + key + "}")).hasMessageContaining(named);
    }
}
