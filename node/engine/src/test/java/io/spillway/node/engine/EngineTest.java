package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Retention;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.kvstore.service.NoBlockStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What one engine does with requests, cycle by cycle. */
class EngineTest {
    private static Rig rig() {
        return new Rig(Rig.config(32, 16, 4), new NoBlockStore());
    }

    @Test
    void aRepeatedPromptComesFromTheDevice() {
        try (Rig rig = rig()) {
            final Rig.Recorder cold = rig.submit(Rig.request("cold", Rig.tokens(19, 1), 5));
            rig.runToEnd(cold);
            final Rig.Recorder warm = rig.submit(Rig.request("warm", Rig.tokens(19, 1), 5));
            rig.runToEnd(warm);
            assertThat(warm.output).isEqualTo(cold.output).hasSize(5);
            assertThat(cold.finished().usage().sources()).isEqualTo(new PrefillSources(0, 0, 0, 0, 19));
            assertThat(warm.started.sources()).isEqualTo(new PrefillSources(16, 0, 0, 0, 3));
            assertThat(warm.finished().usage().cachedTokens()).isEqualTo(16);
        }
    }

    @Test
    void aPromptThatIsCachedToItsLastBlockComputesOneToken() {
        try (Rig rig = rig()) {
            final Rig.Recorder cold = rig.submit(Rig.request("cold", Rig.tokens(16, 1), 5));
            rig.runToEnd(cold);
            final long rowsBefore = rig.model.rowsComputed();
            final Rig.Recorder warm = rig.submit(Rig.request("warm", Rig.tokens(16, 1), 1));
            rig.runToEnd(warm);
            assertThat(rig.model.rowsComputed() - rowsBefore).isEqualTo(1);
            assertThat(warm.output).isEqualTo(cold.output.subList(0, 1));
            assertThat(warm.finished().usage().sources()).isEqualTo(new PrefillSources(15, 0, 0, 0, 1));
        }
    }

    @Test
    void outputBlocksAreReusedByTheNextTurn() {
        try (Rig rig = rig()) {
            final Rig.Recorder first = rig.submit(Rig.request("first", Rig.tokens(10, 1), 8));
            rig.runToEnd(first);
            final int[] next = java.util.Arrays.copyOf(Rig.tokens(10, 1), 20);
            for (int i = 0; i < 8; i++) {
                next[10 + i] = first.output.get(i);
            }
            final Rig.Recorder second = rig.submit(Rig.request("second", next, 1));
            rig.runToEnd(second);
            assertThat(second.finished().usage().cachedTokens()).isEqualTo(16);
        }
    }

    @Test
    void requestsThatComeTogetherShareAPrefixAsItIsComputed() {
        try (Rig rig = rig()) {
            final Rig.Recorder a = rig.submit(Rig.request("a", Rig.tokens(40, 1), 2));
            rig.cycle();
            final Rig.Recorder b = rig.submit(Rig.request("b", Rig.tokens(40, 1), 2));
            rig.runToEnd(a, b);
            assertThat(b.output).isEqualTo(a.output);
            // The prompt once, then per request the last token of the prompt and one of the output.
            assertThat(rig.model.rowsComputed()).isLessThanOrEqualTo(40 + 1 + 2);
        }
    }

    @Test
    void stopTokensEndTheOutputAndAreNotPartOfIt() {
        final Rig.Recorder whole = Rig.alone(Rig.request("x", Rig.tokens(9, 3), 20));
        final int stop = whole.output.get(6);
        final int firstStop = whole.output.indexOf(stop);
        try (Rig rig = rig()) {
            final var plain = Rig.request("y", Rig.tokens(9, 3), 20);
            final Rig.Recorder stopped = rig.submit(new io.spillway.domain.request.GenerationRequest(plain.id(),
                plain.tenant(), plain.run(), plain.model(), plain.chainRoot(), plain.promptTokens(),
                plain.emittedTokens(), 20, new int[] {stop}, plain.sampling()));
            rig.runToEnd(stopped);
            assertThat(stopped.output).isEqualTo(whole.output.subList(0, firstStop));
            assertThat(stopped.finished().reason()).isEqualTo(FinishReason.STOP);
            assertThat(stopped.finished().usage().outputTokens()).isEqualTo(firstStop);
        }
    }

    @Test
    void theContextsEndIsALimit() {
        try (Rig rig = rig()) {
            final Rig.Recorder request = rig.submit(Rig.request("x", Rig.tokens(60, 3), 100));
            rig.runToEnd(request);
            assertThat(request.output).hasSize(4);
            assertThat(request.finished().reason()).isEqualTo(FinishReason.LENGTH);
            final Rig.Recorder over = rig.submit(Rig.request("y", Rig.tokens(60, 3), 100).continuedFrom(
                request.output.stream().mapToInt(Integer::intValue).toArray()));
            rig.runToEnd(over);
            assertThat(over.output).isEmpty();
            assertThat(over.finished().usage().outputTokens()).isEqualTo(4);
        }
    }

    @Test
    void requestsThatCanNeverRunAreRefusedAtOnce() {
        try (Rig rig = rig()) {
            assertThat(rig.submit(Rig.request("a", Rig.tokens(64, 1), 1)).failure())
                .isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
            assertThat(rig.submit(Rig.request("b", new int[] {FakeModel.VOCABULARY}, 1)).failure())
                .isEqualTo(ErrorCode.INVALID_VALUE);
            assertThat(rig.submit(Rig.request("c", new int[] {-1}, 1)).failure()).isEqualTo(ErrorCode.INVALID_VALUE);
            assertThat(rig.submit(Rig.request("d", new int[] {1}, 1, biased(99, 1f))).failure())
                .isEqualTo(ErrorCode.INVALID_VALUE);
            assertThat(rig.submit(Rig.request("e", new int[] {1}, 1, biased(1, Float.NaN))).failure())
                .isEqualTo(ErrorCode.INVALID_VALUE);
            final Rig.Recorder live = rig.submit(Rig.request("f", new int[] {1}, 1));
            assertThat(rig.submit(Rig.request("f", new int[] {1}, 1)).failure()).isEqualTo(ErrorCode.ALREADY_EXISTS);
            rig.runToEnd(live);
            rig.runToEnd(rig.submit(Rig.request("f", new int[] {1}, 1))); // the id is free again
        }
    }

    private static SamplingParams biased(final int token, final float bias) {
        return new SamplingParams(0f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(token, bias), 0L, -1);
    }

    @Test
    void aFullQueueRefuses() {
        try (Rig rig = new Rig(Rig.config(32, 16, 1).withLimits(16, 1, 2), new NoBlockStore())) {
            final Rig.Recorder[] taken = new Rig.Recorder[3];
            for (int i = 0; i < 3; i++) {
                taken[i] = rig.submit(Rig.request("r" + i, Rig.tokens(5, i), 3));
            }
            assertThat(rig.submit(Rig.request("r3", Rig.tokens(5, 3), 3)).failure()).isEqualTo(ErrorCode.OVERLOADED);
            rig.runToEnd(taken);
            rig.runToEnd(rig.submit(Rig.request("r4", Rig.tokens(5, 3), 3)));
        }
    }

    @Test
    void aFailingModelFailsTheStepAndNothingElse() {
        try (Rig rig = rig()) {
            final int[] poisoned = Rig.tokens(12, 1);
            poisoned[11] = FakeModel.TOKEN_THAT_THROWS;
            final Rig.Recorder bad = rig.submit(Rig.request("bad", poisoned, 4));
            rig.runToEnd(bad);
            assertThat(bad.failure()).isEqualTo(ErrorCode.INTERNAL);
            assertThat(rig.followed).as("its blocks are forgotten").isEmpty();
            final Rig.Recorder good = rig.submit(Rig.request("good", Rig.tokens(12, 1), 4));
            rig.runToEnd(good);
            assertThat(good.output).isEqualTo(Rig.alone(Rig.request("x", Rig.tokens(12, 1), 4)).output);
        }
    }

    @Test
    void logitsThatAreNoNumbersFailOnlyTheirOwnRequest() {
        try (Rig rig = rig()) {
            final Rig.Recorder blind = rig.submit(Rig.request("blind", new int[] {1, FakeModel.TOKEN_THAT_BLINDS}, 4));
            final Rig.Recorder good = rig.submit(Rig.request("good", Rig.tokens(3, 1), 4));
            rig.runToEnd(blind, good);
            assertThat(blind.failure()).isEqualTo(ErrorCode.INTERNAL);
            assertThat(good.output).isEqualTo(Rig.alone(Rig.request("x", Rig.tokens(3, 1), 4)).output);
        }
    }

    @Test
    void aListenerThatThrowsEndsItsRequestOnly() {
        try (Rig rig = rig()) {
            final int[] calls = new int[1];
            rig.engine.submit(Rig.request("bad", Rig.tokens(6, 1), 40), event -> {
                calls[0]++;
                throw new IllegalStateException("a receiver's defect");
            });
            final Rig.Recorder good = rig.submit(Rig.request("good", Rig.tokens(6, 2), 9));
            rig.runToEnd(good);
            rig.nowNanos += Duration.ofSeconds(1).toNanos(); // too long for blocks to wait to be offloaded
            rig.cycle();
            assertThat(good.output).hasSize(9);
            assertThat(calls[0]).as("Started, then the last event").isEqualTo(2);
            assertThat(rig.engine.counters().listenerErrors()).isEqualTo(2);
            assertThat(rig.engine.load(new NodeId("n"), 1).leasedBlocks()).isZero();
        }
    }

    @Test
    void cancellationEndsWaitingAndRunningRequests() {
        try (Rig rig = new Rig(Rig.config(32, 16, 1), new NoBlockStore())) {
            final Rig.Recorder running = rig.submit(Rig.request("running", Rig.tokens(6, 1), 50));
            rig.cycle();
            final Rig.Recorder waiting = rig.submit(Rig.request("waiting", Rig.tokens(6, 2), 50));
            final Rig.Recorder notYetTaken = rig.submit(Rig.request("new", Rig.tokens(6, 2), 50));
            assertThat(rig.engine.cancel(new RequestId("new"))).isTrue();
            rig.cycle();
            assertThat(notYetTaken.failure()).isEqualTo(ErrorCode.CANCELLED);
            rig.engine.cancel(new RequestId("running"));
            rig.engine.cancel(new RequestId("waiting"));
            rig.cycle();
            assertThat(running.failure()).isEqualTo(ErrorCode.CANCELLED);
            assertThat(waiting.failure()).isEqualTo(ErrorCode.CANCELLED);
            assertThat(rig.engine.cancel(new RequestId("running"))).isFalse();
        }
    }

    @Test
    void aFailedOverRequestContinuesWithTheSameTokensAndLogprobs() {
        final SamplingParams sampling = new SamplingParams(0.9f, 0, 0.95f, 0f, 0.4f, 0.2f, 1.1f, Map.of(), 77L, 2);
        final var request = Rig.request("x", Rig.tokens(13, 5), 12, sampling);
        final Rig.Recorder whole = Rig.alone(request);
        try (Rig rig = rig()) {
            final Rig.Recorder rest = rig.submit(request.continuedFrom(
                whole.output.stream().limit(7).mapToInt(Integer::intValue).toArray()));
            rig.runToEnd(rest);
            assertThat(rest.output).isEqualTo(whole.output.subList(7, 12));
            assertThat(rest.logprobs).isEqualTo(whole.logprobs.subList(7, 12));
            assertThat(rest.logprobs).extracting(TokenLogprob::tokenId).isEqualTo(rest.output);
            assertThat(rest.finished().usage().outputTokens()).isEqualTo(12);
            assertThat(rest.finished().usage().sources().computedTokens()).isEqualTo(20);
        }
    }

    @Test
    void blocksComeBackFromTheStore() {
        final FakeStore store = new FakeStore(new Random(1), false);
        final Rig.Recorder cold;
        try (Rig first = new Rig(Rig.config(32, 16, 4), store)) {
            cold = first.submit(Rig.request("cold", Rig.tokens(22, 1), 6));
            while (!cold.hasEnded() || store.pendingCount() > 0) {
                store.pump(true);
                first.cycle();
            }
        }
        try (Rig second = new Rig(Rig.config(32, 16, 4), store)) {
            final Rig.Recorder warm = second.submit(Rig.request("warm", Rig.tokens(22, 1), 6));
            second.cycle();
            final Rig.Recorder other = second.submit(Rig.request("other", Rig.tokens(2, 9), 3));
            for (int i = 0; i < 5; i++) {
                second.cycle();
            }
            assertThat(other.output).as("others go on meanwhile").hasSize(3);
            assertThat(warm.started).isNull();
            store.pump(true); // the answer to the look-up
            second.cycle();
            store.pump(true); // the blocks
            second.runToEnd(warm, other);
            assertThat(warm.output).isEqualTo(cold.output);
            assertThat(warm.finished().usage().sources()).isEqualTo(new PrefillSources(0, 8, 8, 4, 2));
            assertThat(warm.finished().usage().cachedTokens()).isEqualTo(20);
            assertThat(second.engine.counters().onboardedBlocks()).isEqualTo(5);
            assertThat(second.engine.load(new NodeId("n"), 1).onboardBytesPerSecond()).isPositive();
            while (store.pendingCount() > 0) {
                store.pump(true);
                second.cycle();
            }
        }
    }

    @Test
    void requestsThatWaitForTheSameBlocksShareOneFetch() {
        final FakeStore store = new FakeStore(new Random(1), false);
        fill(store, Rig.tokens(22, 1));
        try (Rig rig = new Rig(Rig.config(32, 16, 4), store)) {
            final Rig.Recorder first = rig.submit(Rig.request("first", Rig.tokens(22, 1), 2));
            final Rig.Recorder second = rig.submit(Rig.request("second", Rig.tokens(21, 1), 2));
            rig.cycle();
            assertThat(store.pendingCount()).isEqualTo(1);
            rig.engine.cancel(first.request.id());
            rig.cycle();
            store.pump(true); // the answer nobody waits for: the second asks in the first one's place
            rig.cycle();
            final Rig.Recorder third = rig.submit(Rig.request("third", Rig.tokens(22, 1), 2));
            rig.cycle();
            for (int i = 0; i < 3; i++) {
                store.pump(true);
                rig.cycle();
            }
            rig.runToEnd(second, third);
            assertThat(rig.engine.counters().lookups()).isEqualTo(2);
            assertThat(rig.engine.counters().onboardedBlocks()).isEqualTo(5);
            assertThat(second.finished().usage().cachedTokens()).isEqualTo(20);
            assertThat(third.finished().usage().cachedTokens()).isEqualTo(20);
        }
    }

    /** Lets the store have all full blocks of a prompt. */
    private static void fill(final FakeStore store, final int[] prompt) {
        try (Rig rig = new Rig(Rig.config(32, 16, 4), store)) {
            final Rig.Recorder cold = rig.submit(Rig.request("cold", prompt, 1));
            while (!cold.hasEnded() || store.held() < prompt.length / Rig.BLOCK_TOKENS) {
                store.pump(true);
                rig.cycle();
            }
        }
    }

    @Test
    void aSilentStoreCostsATimeoutAndItsBlocksStayBorrowed() {
        final FakeStore store = new FakeStore(new Random(1), false);
        fill(store, Rig.tokens(16, 1));
        try (Rig rig = new Rig(Rig.config(32, 16, 4), store)) {
            final Rig.Recorder request = rig.submit(Rig.request("r", Rig.tokens(18, 1), 2));
            rig.cycle();
            store.pump(true);
            rig.cycle();
            assertThat(store.pendingCount()).as("it onboards now, and never answers").isEqualTo(1);
            rig.nowNanos += Duration.ofSeconds(1).toNanos();
            rig.runToEnd(request);
            assertThat(rig.engine.counters().storeTimeouts()).isEqualTo(1);
            assertThat(request.finished().usage().cachedTokens()).isZero();
            assertThat(rig.engine.load(new NodeId("n"), 1).leasedBlocks()).isGreaterThanOrEqualTo(4);
            store.pump(true);
            rig.cycle();
            store.pump(true);
            rig.cycle();
            assertThat(rig.engine.load(new NodeId("n"), 1).leasedBlocks()).isZero();
        }
    }

    @Test
    void shortGapsAreComputedNotAskedFor() {
        try (Rig rig = rig()) {
            rig.runToEnd(rig.submit(Rig.request("short", Rig.tokens(3, 1), 2)));
            assertThat(rig.engine.counters().lookups()).isZero();
            rig.runToEnd(rig.submit(Rig.request("long", Rig.tokens(4, 1), 2)));
            assertThat(rig.engine.counters().lookups()).isEqualTo(1);
        }
    }

    @Test
    void loadSaysWhatTheEngineDoes() {
        try (Rig rig = new Rig(Rig.config(32, 16, 1), new NoBlockStore())) {
            rig.tickNanos = 1;
            final Rig.Recorder a = rig.submit(Rig.request("a", Rig.tokens(30, 1), 20));
            final Rig.Recorder b = rig.submit(Rig.request("b", Rig.tokens(30, 2), 20));
            rig.cycle();
            final var load = rig.engine.load(new NodeId("n"), 3);
            assertThat(load.runningRequests()).isEqualTo(1);
            assertThat(load.queuedRequests()).isEqualTo(1);
            assertThat(load.queuedPrefillTokens()).isEqualTo(14 + 30);
            assertThat(load.freeBlocks() + load.cachedBlocks() + load.leasedBlocks()).isEqualTo(32);
            assertThat(load.prefillTokensPerSecond()).isPositive();
            rig.runToEnd(a, b);
            assertThat(rig.engine.load(new NodeId("n"), 3).decodeStepNanos()).isPositive();
            rig.submit(Rig.request("c", Rig.tokens(30, 3), 20));
            rig.submit(Rig.request("d", Rig.tokens(30, 2), 20)); // its first 28 tokens are on the device
            rig.cycle();
            assertThat(rig.engine.load(new NodeId("n"), 3).queuedPrefillTokens()).isEqualTo(14 + 2);
        }
    }

    @Test
    void drainingFinishesWhatIsThereAndRefusesTheRest() {
        try (Rig rig = rig()) {
            final Rig.Recorder live = rig.submit(Rig.request("live", Rig.tokens(6, 1), 5));
            final var drained = rig.engine.drain();
            rig.cycle();
            assertThat(drained).isNotDone();
            assertThat(rig.submit(Rig.request("late", Rig.tokens(6, 1), 5)).failure()).isEqualTo(ErrorCode.DRAINING);
            rig.runToEnd(live);
            assertThat(live.output).hasSize(5);
            rig.nowNanos += Duration.ofSeconds(10).toNanos();
            rig.cycle();
            rig.cycle();
            assertThat(drained).isDone();
        }
    }

    @Test
    void configThatDoesNotFitIsRefusedByField() {
        assertThatThrownBy(() -> EngineConfig.of(4096, 63)).isInstanceOfSatisfying(SpillwayException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIG);
            assertThat(e.field()).contains("deviceBlocks");
        });
        assertThatThrownBy(() -> EngineConfig.of(4096, 64).withLimits(8, 9, 1)).hasMessageContaining("stepTokensMax");
        assertThatThrownBy(() -> new Rig(Rig.config(32, 16, 4).withLimits(16, 4, 0), new NoBlockStore()))
            .hasMessageContaining("queueMax");
        assertThatThrownBy(() -> new Rig(EngineConfig.of(4096, 64), new NoBlockStore()))
            .hasMessageContaining("contextTokens");
    }

    @Test
    void closingEndsEverythingThatLives() {
        final Rig.Recorder live;
        final Rig.Recorder queued;
        try (Rig rig = rig()) {
            live = rig.submit(Rig.request("live", Rig.tokens(6, 1), 50));
            rig.cycle();
            queued = rig.submit(Rig.request("queued", Rig.tokens(6, 1), 50));
            rig.engine.close();
            assertThat(rig.submit(Rig.request("late", Rig.tokens(6, 1), 5)).failure()).isEqualTo(ErrorCode.DRAINING);
        }
        assertThat(live.failure()).isEqualTo(ErrorCode.DRAINING);
        assertThat(queued.failure()).isEqualTo(ErrorCode.DRAINING);
        assertThat(live.last).isInstanceOf(GenerationEvent.Failed.class);
    }

    /** Two conversations, the same pressure from others; only one of them asked to be kept, from its end on. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatARequestWantsKeptOutlivesYoungerPrompts(final boolean wanted) {
        try (Rig rig = new Rig(Rig.config(20, 16, 2), new NoBlockStore())) {
            final GenerationRequest asked = Rig.request("a", Rig.tokens(17, 1), 4);
            rig.runToEnd(rig.submit(wanted ? asked.withRetentions(List.of(new Retention(12, 60_000))) : asked));
            for (int i = 0; i < 8; i++) {
                rig.nowNanos += 1_000_000_000L; // nothing waits for a store any more
                rig.runToEnd(rig.submit(Rig.request("b" + i, Rig.tokens(32, 10 + i), 4)));
            }
            final Rig.Recorder again = rig.submit(Rig.request("c", Rig.tokens(17, 1), 4));
            rig.runToEnd(again);
            assertThat(again.started.sources().deviceTokens()).isEqualTo(wanted ? 12 : 0);
            assertThat(again.output).isEqualTo(Rig.alone(asked).output);
        }
    }

    /** Everything is wanted, by everybody: nobody goes without blocks for it. */
    @Test
    void whoNeedsBlocksGetsThoseThatAreKept() {
        try (Rig rig = new Rig(Rig.config(16, 16, 2), new NoBlockStore())) {
            for (int i = 0; i < 6; i++) {
                final Rig.Recorder recorder = rig.submit(Rig.request("k" + i, Rig.tokens(32, i), 8).withRetentions(List.of(Retention.ofAll(60_000))));
                rig.runToEnd(recorder);
                assertThat(recorder.finished().usage().outputTokens()).isEqualTo(8);
            }
        }
    }
}
