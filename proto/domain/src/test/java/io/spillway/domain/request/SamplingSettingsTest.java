package io.spillway.domain.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class SamplingSettingsTest {
    private static final SamplingParams BASE = new SamplingParams(0.5f, 3, 0.9f, 0.1f, 0.7f, 1f, -1f, 1.1f, 64, Map.of(5, -2f), 9, 4);

    private static Arbitrary<OptionalDouble> share() {
        return Arbitraries.integers().between(0, 8).map(eighths -> eighths == 0 ? OptionalDouble.empty() : OptionalDouble.of(eighths / 8.0));
    }

    private static Arbitrary<OptionalInt> count() {
        return Arbitraries.integers().between(-1, 100).map(count -> count < 0 ? OptionalInt.empty() : OptionalInt.of(count));
    }

    @Provide
    static Arbitrary<SamplingSettings> settings() {
        return Combinators.combine(share(), count(), share(), share(), share(), share(), count()).as(SamplingSettings::new);
    }

    /** Whoever comes first counts, in however many steps the settings are put together. */
    @Property(tries = 200)
    void theStrongerWins(
        @ForAll("settings") final SamplingSettings a, @ForAll("settings") final SamplingSettings b, @ForAll("settings") final SamplingSettings c) {
        assertThat(a.or(b).or(c)).isEqualTo(a.or(b.or(c)));
        assertThat(a.or(b).over(BASE)).isEqualTo(a.over(b.over(BASE)));
        assertThat(a.or(SamplingSettings.UNSAID)).isEqualTo(a).isEqualTo(SamplingSettings.UNSAID.or(a));
        assertThat(a.or(a)).isEqualTo(a);
    }

    @Property(tries = 100)
    void onlyWhatIsSaidChanges(@ForAll("settings") final SamplingSettings said) {
        final SamplingParams params = said.over(BASE);
        assertThat(params.temperature()).isEqualTo((float) said.temperature().orElse(BASE.temperature()));
        assertThat(params.topK()).isEqualTo(said.topK().orElse(BASE.topK()));
        assertThat(params.presencePenalty()).isEqualTo(1f);
        assertThat(params.logitBias()).isEqualTo(BASE.logitBias());
        assertThat(params.seed()).isEqualTo(9);
        assertThat(SamplingSettings.of(params).over(SamplingParams.GREEDY.withSeed(9).withTopLogprobs(4)).topP()).isEqualTo(params.topP());
    }

    @Example
    void settingsThatSayAllLeaveNothingToOthers() {
        final SamplingSettings all = SamplingSettings.of(BASE);
        assertThat(all.or(SamplingSettings.of(SamplingParams.GREEDY))).isEqualTo(all);
        assertThat(all.over(BASE)).isEqualTo(BASE);
        assertThat(SamplingSettings.UNSAID.over(BASE)).isEqualTo(BASE);
    }

    @Example
    void whatIsOutOfRangeIsRefusedByItsName() {
        assertThatThrownBy(() -> new SamplingSettings(OptionalDouble.empty(), OptionalInt.empty(), OptionalDouble.of(1.5), OptionalDouble.empty(),
            OptionalDouble.empty(), OptionalDouble.empty(), OptionalInt.empty())).isInstanceOfSatisfying(SpillwayException.class, e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.ABOVE_MAXIMUM);
                assertThat(e.field()).hasValue("topP");
            });
        assertThatThrownBy(() -> new GenerationDefaults(SamplingSettings.UNSAID, OptionalInt.of(0))).hasMessageContaining("outputTokensMax");
    }
}
