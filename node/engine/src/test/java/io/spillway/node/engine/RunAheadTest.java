package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import io.spillway.kvstore.service.NoBlockStore;
import io.spillway.node.speculation.Speculation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;

/** Steps that are given to a device before the one before is known: nothing is different but when. */
class RunAheadTest {
    @Property(tries = 200)
    void outputsAreThoseOfARequestAlone(@ForAll final long seed) {
        ExactnessPropertyTest.run(seed, true);
    }

    @Tag("slow")
    @Property(tries = 5_000)
    void outputsAreThoseOfARequestAloneForLonger(@ForAll final long seed) {
        ExactnessPropertyTest.run(seed, true);
    }

    @Test
    void theWorkloadsReachEveryPath() {
        final List<ExactnessPropertyTest.Ran> runs = LongStream.range(0, 60).mapToObj(seed -> ExactnessPropertyTest.run(seed, true)).toList();
        assertThat(runs).anyMatch(run -> run.device().aheadRows > 50).anyMatch(run -> run.device().aheadRows == 0);
        assertThat(runs.stream().mapToLong(run -> run.device().droppedRows).sum()).isGreaterThan(20);
        assertThat(runs).anyMatch(run -> run.device().aheadRows > 20 && run.counters().preemptions() > 0)
            .anyMatch(run -> run.device().aheadRows > 20 && run.counters().cancelled() > 0)
            .anyMatch(run -> run.device().aheadRows > 20 && run.counters().onboardedBlocks() > 0)
            .anyMatch(run -> run.device().aheadRows > 20 && run.counters().speculation().accepted() > 0);
        assertThat(runs).anyMatch(run -> run.device().memory.failures > 0).anyMatch(run -> run.device().memory.cuts > 0)
            .anyMatch(run -> run.device().memory.early > 0).anyMatch(run -> run.device().memory.writings > 2)
            .anyMatch(run -> run.device().memory.readings > 5);
    }

    private static Rig rig(final EngineConfig config) {
        return Rig.late(config, new NoBlockStore(), Speculation.OFF, null);
    }

    @Test
    void everyDecodeStepButTheFirstRunsAheadAndOneTokenIsComputedForNothing() {
        try (Rig rig = rig(Rig.config(32, 16, 4))) {
            final GenerationRequest request = Rig.request("a", Rig.tokens(9, 1), 12);
            final Rig.Recorder recorder = rig.submit(request);
            rig.runToEnd(recorder);
            assertThat(recorder.output).isEqualTo(Rig.alone(request).output);
            assertThat(rig.late.aheadRows).isEqualTo(11);
            assertThat(rig.late.droppedRows).as("the end by length is foreseen").isZero();
            assertThat(rig.engine.counters().steps()).isEqualTo(12);
            assertThat(rig.engine.counters().stepTotals().decodeRows()).isEqualTo(11);
            assertThat(rig.engine.counters().prefillTokens()).isEqualTo(9);
        }
    }

    @Test
    void aStopTokenThrowsTheNextRowAway() {
        final GenerationRequest whole = Rig.request("a", Rig.tokens(9, 1), 12);
        final List<Integer> output = Rig.alone(whole).output;
        final int stop = output.get(7);
        final int stopsAt = output.indexOf(stop);
        final GenerationRequest request = new GenerationRequest(whole.id(), whole.tenant(), whole.run(), whole.model(), whole.chainRoot(),
            whole.promptTokens(), whole.emittedTokens(), whole.outputTokensMax(), new int[] {stop}, whole.sampling());
        final EngineConfig usual = Rig.config(32, 16, 4);
        final EngineConfig withoutOffload = new EngineConfig(usual.blockTokens(), usual.contextTokens(), usual.deviceBlocks(), usual.stepTokensMax(),
            usual.runningMax(), usual.queueMax(), 1, usual.lookupTimeout(), usual.onboardTimeout(), 0, 1, usual.offloadWait());
        try (Rig rig = rig(withoutOffload)) {
            final Rig.Recorder recorder = rig.submit(request);
            rig.runToEnd(recorder);
            assertThat(recorder.output).isEqualTo(output.subList(0, stopsAt));
            assertThat(rig.engine.load(new io.spillway.domain.id.NodeId("n"), 1).leasedBlocks()).as("the thrown away row's").isPositive();
            rig.cycle();
            assertThat(rig.late.droppedRows).isEqualTo(1);
            assertThat(rig.engine.load(new io.spillway.domain.id.NodeId("n"), 1).leasedBlocks()).isZero();
        }
    }

    /** A request is cancelled after every possible number of cycles, beside one that goes on. */
    @Test
    void cancelledAtAnyMomentNobodyElseNotices() {
        final GenerationRequest other = Rig.request("other", Rig.tokens(7, 3), 20);
        final List<Integer> expected = Rig.alone(other).output;
        for (int cycles = 0; cycles < 24; cycles++) {
            try (Rig rig = rig(Rig.config(16, 16, 4))) {
                final Rig.Recorder cancelled = rig.submit(Rig.request("a", Rig.tokens(9, 1), 20));
                final Rig.Recorder kept = rig.submit(other);
                for (int i = 0; i < cycles; i++) {
                    rig.cycle();
                }
                rig.engine.cancel(cancelled.request.id());
                final Rig.Recorder late = rig.submit(Rig.request("b", Rig.tokens(30, 5), 8));
                rig.runToEnd(cancelled, kept, late);
                assertThat(kept.output).isEqualTo(expected);
                assertThat(late.output).isEqualTo(Rig.alone(late.request).output);
            }
        }
    }

    /** The engine is closed after every possible number of cycles: what is under way is waited for. */
    @Test
    void closedAtAnyMomentNothingIsUnderWay() {
        for (int cycles = 0; cycles < 12; cycles++) {
            final Rig rig = rig(Rig.config(16, 8, 4));
            final List<Rig.Recorder> recorders = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                recorders.add(rig.submit(Rig.request("r" + i, Rig.tokens(9 + i, i), 20)));
            }
            for (int i = 0; i < cycles; i++) {
                rig.cycle();
            }
            rig.close();
            assertThat(rig.late.blocksToBeWritten()).isEmpty();
            recorders.forEach(recorder -> assertThat(recorder.failure()).isEqualTo(ErrorCode.DRAINING));
        }
    }

    @Test
    void aStepThatFailsTakesItsOwnSequencesOnly() {
        try (Rig rig = rig(Rig.config(32, 32, 4))) {
            final Rig.Recorder first = rig.submit(Rig.request("a", Rig.tokens(9, 1), 12));
            for (int i = 0; i < 4; i++) {
                rig.cycle();
            }
            final Rig.Recorder broken = rig.submit(Rig.request("b", new int[] {1, FakeModel.TOKEN_THAT_THROWS}, 5));
            rig.cycle(); // its step is under way
            final Rig.Recorder after = rig.submit(Rig.request("c", Rig.tokens(5, 4), 5));
            rig.runToEnd(first, broken, after);
            assertThat(broken.failure()).isEqualTo(ErrorCode.INTERNAL);
            assertThat(first.failure()).as("it was in the same step").isEqualTo(ErrorCode.INTERNAL);
            assertThat(after.output).isEqualTo(Rig.alone(after.request).output);
        }
    }

    @Test
    void aTokenThatNeedsTheHostIsWaitedFor() {
        final SamplingParams host = new SamplingParams(0.7f, 0, 1f, 0f, 0f, 0f, 1.2f, Map.of(), 5L, -1);
        try (Rig rig = rig(Rig.config(32, 16, 4))) {
            final GenerationRequest request = Rig.request("a", Rig.tokens(9, 1), 12, host);
            final Rig.Recorder recorder = rig.submit(request);
            rig.runToEnd(recorder);
            assertThat(recorder.output).isEqualTo(Rig.alone(request).output);
            assertThat(rig.late.aheadRows).isZero();
        }
    }
}
