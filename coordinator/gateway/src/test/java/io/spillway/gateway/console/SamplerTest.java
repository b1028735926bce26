package io.spillway.gateway.console;

import static io.spillway.gateway.console.Snapshots.engine;
import static io.spillway.gateway.console.Snapshots.of;
import static io.spillway.gateway.console.Snapshots.steps;
import static io.spillway.gateway.console.Snapshots.totals;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spillway.domain.cluster.StepTotals;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.gateway.http.ErrorRenderer;
import io.spillway.gateway.http.HttpAnswer;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final long SECOND = 1_000_000_000L;
    private static final ModelId MODEL = new ModelId("m");

    private final Latencies latencies = new Latencies();
    private final ErrorBook errors = new ErrorBook((asked, failure) -> HttpAnswer.of(500, HttpAnswer.JSON, "{}"), () -> 5);
    private final Sampler sampler = new Sampler(latencies, errors);

    @Test
    void totalsBecomeRatesOverTheWindow() {
        sampler.sample(of(1_000, totals(10, 100, 40, 0), engine("n", 1, true, steps(1_000, 50, 5))), 0);
        final Sample one = sampler.sample(of(2_000, totals(12, 300, 190, 0), engine("n", 1, true, steps(1_600, 90, 15))), SECOND);
        assertThat(one.outputTokensPerSecond()).as("decoded and accepted rows").isEqualTo(50);
        assertThat(one.computedTokensPerSecond()).isEqualTo(600);
        assertThat(one.finishedPerSecond()).isEqualTo(2);
        assertThat(one.hitRate()).isEqualTo(0.75);
        assertThat(one.inFlight()).isEqualTo(2);
        assertThat(one.queued()).isEqualTo(1);
        assertThat(one.nodeQueued()).isEqualTo(3);
        assertThat(one.usedBytes()).isEqualTo(new Sample.Bytes(400, 0, 7));
        assertThat(one.maxBytes()).isEqualTo(new Sample.Bytes(800, 0, 70));
        assertThat(one.engines()).isEqualTo(1);
        Sample quiet = one;
        for (int second = 2; second <= 1 + Sampler.WINDOW; second++) {
            quiet = sampler.sample(of(1_000 * second, totals(12, 300, 190, 0), engine("n", 1, true, steps(1_600, 90, 15))), second * SECOND);
        }
        assertThat(quiet.outputTokensPerSecond()).isZero();
        assertThat(quiet.hitRate()).as("nothing ended").isEqualTo(-1);
    }

    @Test
    void anEngineThatBeginsAnewOrHasNotReportedTakesNothingBack() {
        sampler.sample(of(1, totals(0, 0, 0, 0), engine("n", 1, true, steps(500, 500, 0))), 0);
        final Sample anew = sampler.sample(of(2, totals(0, 0, 0, 0), engine("n", 2, true, steps(10, 20, 0))), SECOND);
        assertThat(anew.outputTokensPerSecond()).as("what it did before it was seen is not of this second").isZero();
        final Sample gone = sampler.sample(of(3, totals(0, 0, 0, 0)), 2 * SECOND);
        assertThat(gone.outputTokensPerSecond()).isZero();
        assertThat(gone.engines()).isZero();
        final Sample back = sampler.sample(of(4, totals(0, 0, 0, 0), engine("n", 2, true, steps(10, 20, 0))), 3 * SECOND);
        assertThat(back.computedTokensPerSecond()).isZero();
    }

    @Test
    void percentilesAreOfTheWindowAndForgotten() {
        for (int i = 1; i <= 100; i++) {
            latencies.onFirstToken(MODEL, i * 1_000_000L);
        }
        latencies.onNextTokens(MODEL, 99, 2_000_000);
        latencies.onNextTokens(MODEL, 1, 900_000_000);
        final Sample now = sampler.sample(of(1, totals(0, 0, 0, 0)), 0);
        assertThat((double) now.ttft().p50Nanos()).isCloseTo(50e6, within(1e6));
        assertThat((double) now.ttft().p99Nanos()).isCloseTo(99e6, within(1.5e6));
        assertThat((double) now.itl().p50Nanos()).isCloseTo(2e6, within(3e4));
        Sample last = now;
        for (int second = 1; second <= Sampler.WINDOW; second++) {
            last = sampler.sample(of(1 + second, totals(0, 0, 0, 0)), second * SECOND);
        }
        assertThat(last.ttft()).isEqualTo(new Sample.Spread(-1, -1));
        latencies.onFirstToken(MODEL, Long.MAX_VALUE);
        latencies.onNextTokens(MODEL, 1, -5);
        assertThat(sampler.sample(of(9, totals(0, 0, 0, 0)), 9 * SECOND).ttft().p50Nanos()).as("an hour and more").isGreaterThan(3_500 * SECOND);
    }

    @Test
    void errorsAreTheCallersOrOurs() {
        sampler.sample(of(1, totals(0, 0, 0, 0)), 0);
        final ErrorRenderer.Asked asked = new ErrorRenderer.Asked("/v1/x", "req_1", name -> java.util.Optional.empty());
        errors.render(asked, new SpillwayException(ErrorCode.INVALID_VALUE, "secret words"));
        errors.render(asked, new SpillwayException(ErrorCode.NODE_LOST, "n"));
        errors.broken(asked, new SpillwayException(ErrorCode.DEADLINE_EXCEEDED, "n"));
        errors.broken(asked, new SpillwayException(ErrorCode.CANCELLED, "the client left"));
        final Sample sample = sampler.sample(of(2, totals(0, 0, 0, 0)), SECOND);
        assertThat(sample.refusedPerSecond()).isEqualTo(2);
        assertThat(sample.failedPerSecond()).isEqualTo(2);
        assertThat(errors.told().recent()).extracting(ErrorBook.Entry::code)
            .containsExactly("cancelled", "deadline_exceeded", "node_lost", "invalid_value");
        assertThat(errors.told().toString()).doesNotContain("secret");
    }

    @Property(tries = 200)
    void ratesAreNeverNegativeWhateverMembersSay(
        @ForAll @Size(max = 12) final List<@IntRange(max = 900) Integer> rows, @ForAll @IntRange(max = 2) final int epochs) {
        final Sampler any = new Sampler(new Latencies(), errors);
        long nanos = 0;
        for (final int row : rows) {
            final StepTotals said = steps(row, 900 - row, row / 2);
            final Sample sample = any.sample(
                of(nanos, totals(row, row, row / 3, 0), engine("n", epochs == 0 ? 1 : row % (epochs + 1), row % 5 != 0, said)), nanos);
            assertThat(sample.outputTokensPerSecond()).isNotNegative().isFinite();
            assertThat(sample.computedTokensPerSecond()).isNotNegative().isFinite();
            assertThat(sample.hitRate()).isBetween(-1d, 1d);
            nanos += row % 7 == 0 ? 0 : SECOND;
        }
    }

    @Test
    void theHistoryIsTenMinutesAndNoMore() {
        final History history = new History();
        for (int i = 0; i < History.SAMPLES_MAX + 5; i++) {
            history.add(sampler.sample(of(i, totals(0, 0, 0, 0)), i * SECOND));
        }
        assertThat(history.all()).hasSize(History.SAMPLES_MAX);
        assertThat(history.all().getFirst().epochMillis()).isEqualTo(5);
        assertThat(history.latest().orElseThrow().epochMillis()).isEqualTo(History.SAMPLES_MAX + 4);
    }

    @Test
    void onlyTheLatestErrorsAreListedButAllAreCounted() {
        for (int i = 0; i < ErrorBook.ERRORS_MAX + 20; i++) {
            errors.render(new ErrorRenderer.Asked("/" + "x".repeat(500), "req_" + i, name -> java.util.Optional.empty()),
                new SpillwayException(ErrorCode.UNKNOWN_PATH, "x"));
        }
        assertThat(errors.told().recent()).hasSize(ErrorBook.ERRORS_MAX).allMatch(entry -> entry.path().length() <= 120);
        assertThat(errors.told().recent().getFirst().request()).isEqualTo("req_" + (ErrorBook.ERRORS_MAX + 19));
        assertThat(errors.told().byCode()).singleElement().extracting(ErrorBook.ByCode::count).isEqualTo(ErrorBook.ERRORS_MAX + 20L);
    }
}
