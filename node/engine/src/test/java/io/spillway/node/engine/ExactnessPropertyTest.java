package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.RunId;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random workloads: requests that share prefixes, come, are cancelled and fail over, on a device that is too small,
 * over a store that lies. Whatever happens, each ends once, with the output it has when it runs alone.
 */
class ExactnessPropertyTest {
    @Property(tries = 150)
    void outputsAreThoseOfARequestAlone(@ForAll final long seed) {
        run(seed, false);
    }

    /** The same, for longer. */
    @Tag("slow")
    @Property(tries = 5_000)
    void outputsAreThoseOfARequestAloneForLonger(@ForAll final long seed) {
        run(seed, false);
    }

    /** The property means little if its workloads miss a path: together, a few fixed ones must take all of them. */
    @Test
    void theWorkloadsReachEveryPath() {
        final List<EngineCounters> runs = LongStream.range(0, 40).mapToObj(seed -> run(seed, false).counters()).toList();
        assertThat(runs).anyMatch(run -> run.preemptions() > 0).anyMatch(run -> run.evictedBlocks() > 0)
            .anyMatch(run -> run.cancelled() > 0).anyMatch(run -> run.storeTimeouts() > 0)
            .anyMatch(run -> run.storeErrors() > 0).anyMatch(run -> run.onboardedBlocks() > 0)
            .anyMatch(run -> run.offload().accepted() > 0).anyMatch(run -> run.offload().refused() > 0)
            .anyMatch(run -> run.offload().dropped() > 0).anyMatch(run -> run.speculation().accepted() > 20)
            .anyMatch(run -> run.speculation().proposed() > 2 * run.speculation().accepted() + 20)
            .anyMatch(run -> run.speculation().proposed() == 0);
        for (final String proposer : List.of("suffix", "draft", "oracle", "junk")) {
            assertThat(runs).as(proposer).anyMatch(run -> run.speculation().byProposer().stream()
                .anyMatch(of -> of.proposer().equals(proposer) && of.proposed() > of.accepted()));
        }
        for (final String proposer : List.of("suffix", "draft", "oracle")) {
            assertThat(runs).as(proposer).anyMatch(run -> run.speculation().byProposer().stream()
                .anyMatch(of -> of.proposer().equals(proposer) && of.accepted() > 0));
        }
    }

    /** What came of a workload. @param device null: the model computed at once */
    record Ran(EngineCounters counters, LateDevice device) {
        @Override
        public String toString() {
            return String.valueOf(device);
        }
    }

    /** @param isLate whether the device computes as late as it may, with steps that run ahead */
    static Ran run(final long seed, final boolean isLate) {
        final Random random = new Random(seed);
        final FakeStore store = new FakeStore(random, random.nextInt(3) > 0);
        final int running = 1 + random.nextInt(6);
        final EngineConfig config = Rig.config(16 + random.nextInt(24), running + random.nextInt(20), running);
        final Guesses guesses = Guesses.random(random, config);
        try (Rig rig = isLate ? Rig.late(config, store, guesses.speculation(), new Random(seed + 1))
            : new Rig(config, store, guesses.speculation(), ConstraintSource.NONE)) {
            rig.tickNanos = random.nextInt(2) * 20_000;
            final List<Rig.Recorder> recorders = new ArrayList<>();
            final List<Rig.Recorder> references = new ArrayList<>();
            drive(rig, store, random, recorders, references, guesses);
            for (int i = 0; i < recorders.size(); i++) {
                check(recorders.get(i), references.get(i));
            }
            assertThat(rig.model.largestStepRows()).isLessThanOrEqualTo(config.stepTokensMax());
            settle(rig, store);
            guesses.checkIdle();
            if (isLate) {
                assertThat(rig.late.blocksToBeWritten()).isEmpty();
                assertThat(rig.late.awaitedSteps).isEqualTo(rig.engine.counters().steps());
            }
            return new Ran(rig.engine.counters(), rig.late);
        }
    }

    private static void drive(
        final Rig rig, final FakeStore store, final Random random, final List<Rig.Recorder> recorders,
        final List<Rig.Recorder> references, final Guesses guesses) {
        final int[][] bases = {Rig.tokens(40, 1), Rig.tokens(40, 2)};
        final int requestsMax = 4 + random.nextInt(14);
        for (int cycle = 0; cycle < 20_000; cycle++) {
            if (recorders.size() < requestsMax && random.nextInt(4) == 0) {
                final GenerationRequest whole = randomRequest("r" + recorders.size(), bases, random);
                final Rig.Recorder reference = Rig.alone(whole);
                references.add(reference);
                guesses.knows(reference);
                recorders.add(rig.submit(continued(whole, reference, random)));
            }
            if (!recorders.isEmpty() && random.nextInt(60) == 0) {
                rig.engine.cancel(recorders.get(random.nextInt(recorders.size())).request.id());
            }
            store.pump(random.nextInt(20) == 0);
            rig.cycle();
            rig.nowNanos += random.nextInt(30) == 0 ? 400_000_000L : 0;
            final boolean isDone = recorders.stream().allMatch(Rig.Recorder::hasEnded);
            if (isDone && recorders.size() == requestsMax) {
                return;
            }
        }
        throw new AssertionError("a request never ends");
    }

    private static GenerationRequest randomRequest(final String id, final int[][] bases, final Random random) {
        final int shared = random.nextInt(41);
        final int own = random.nextInt(9) + (shared == 0 ? 1 : 0);
        final int[] prompt = java.util.Arrays.copyOf(bases[random.nextInt(2)], shared + own);
        for (int i = shared; i < prompt.length; i++) {
            prompt[i] = random.nextInt(FakeModel.TOKEN_THAT_THROWS);
        }
        final GenerationRequest plain = Rig.request(id, prompt, 1 + random.nextInt(30), sampling(random));
        final int[] stops = random.nextInt(3) == 0 ? new int[] {random.nextInt(FakeModel.VOCABULARY)} : new int[0];
        final Optional<RunId> run =
            random.nextBoolean() ? Optional.empty() : Optional.of(new RunId("run" + random.nextInt(3)));
        return new GenerationRequest(plain.id(), plain.tenant(), run, plain.model(), plain.chainRoot(),
            plain.promptTokens(), plain.emittedTokens(), plain.outputTokensMax(), stops, plain.sampling())
            .withPriority(Math.max(0, random.nextInt(6) - 3));
    }

    private static SamplingParams sampling(final Random random) {
        if (random.nextInt(3) == 0) {
            return SamplingParams.GREEDY;
        }
        final Map<Integer, Float> bias = random.nextInt(4) == 0 ? Map.of(3, 2f, 5, -3f) : Map.of();
        return new SamplingParams(random.nextInt(3) * 0.6f, random.nextInt(3) * 4, 1f - random.nextInt(3) * 0.2f,
            random.nextInt(2) * 0.05f, random.nextInt(2) * 0.5f, random.nextInt(2) * 0.3f,
            1f + random.nextInt(2) * 0.2f, bias, random.nextLong(), random.nextInt(5) - 1);
    }

    /** Now and then the request has failed over: some of its output is known already. */
    private static GenerationRequest continued(
        final GenerationRequest whole, final Rig.Recorder reference, final Random random) {
        final int emittedMax = Math.min(reference.output.size(), whole.outputTokensMax() - 1);
        if (random.nextInt(3) > 0 || emittedMax == 0) {
            return whole;
        }
        return whole.continuedFrom(
            reference.output.stream().limit(1 + random.nextInt(emittedMax)).mapToInt(Integer::intValue).toArray());
    }

    private static void check(final Rig.Recorder recorder, final Rig.Recorder reference) {
        final int emitted = recorder.request.emittedTokens().length;
        final List<Integer> expected = reference.output.subList(emitted, reference.output.size());
        if (recorder.last instanceof GenerationEvent.Failed) {
            assertThat(recorder.failure()).isEqualTo(ErrorCode.CANCELLED);
            assertThat(recorder.output).isEqualTo(expected.subList(0, recorder.output.size()));
            return;
        }
        assertThat(recorder.output).isEqualTo(expected);
        final GenerationEvent.Finished finished = recorder.finished();
        assertThat(finished.reason()).isEqualTo(reference.finished().reason());
        assertThat(finished.usage().promptTokens()).isEqualTo(recorder.request.promptTokens().length);
        assertThat(finished.usage().outputTokens()).isEqualTo(reference.finished().usage().outputTokens());
        assertThat(finished.usage().sources().cachedTokens() + finished.usage().sources().computedTokens())
            .isEqualTo(recorder.request.knownTokens());
        assertThat(finished.usage().sources().computedTokens()).isPositive();
        if (recorder.request.sampling().wantsLogprobs()) {
            assertThat(recorder.logprobs)
                .isEqualTo(reference.logprobs.subList(emitted, reference.logprobs.size()));
        }
    }

    /** When all is quiet, nothing is leased, and whoever followed the events knows exactly what the device holds. */
    private static void settle(final Rig rig, final FakeStore store) {
        for (int i = 0; i < 1_000; i++) {
            store.pump(true);
            rig.cycle();
        }
        final var load = rig.engine.load(new io.spillway.domain.id.NodeId("n"), 1);
        assertThat(load.leasedBlocks()).isZero();
        assertThat(load.freeBlocks() + load.cachedBlocks()).isEqualTo(rig.engine.config().deviceBlocks());
        final var held = rig.engine.heldBlocks();
        rig.cycle();
        assertThat(new HashMap<>(held.join().stream().collect(
            Collectors.toMap(KvEvent.BlockStored::hash, KvEvent.BlockStored::parent)))).isEqualTo(rig.followed);
    }
}
