package io.spillway.node.cuda.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.cpu.CpuBackend;
import io.spillway.node.cuda.Device;
import io.spillway.node.model.DecoderSpec;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.runner.StepOutcomes;
import io.spillway.node.runner.StepRunner;
import io.spillway.node.sampling.TokenConstraint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whoever chooses, and however far ahead the device runs: the tokens are the same. */
class DeviceStepRunnerTest {
    private static final Path MODEL = Path.of(System.getProperty("spillway.root"), "node/cpu/src/test/resources/reference/llama-f16.gguf");
    private static final int SEQUENCES = 4;
    private static final int TOKENS_MAX = 22;
    private static final int BLOCK_TOKENS = 16;
    private static final StepRunner.Limits LIMITS = new StepRunner.Limits(64, SEQUENCES);
    private static CpuBackend backend;
    private static ModelSource source;
    private static DecoderSpec spec;

    private enum Way { HOST, DEVICE, AHEAD, GUESSING }

    @BeforeAll
    static void start() {
        backend = CpuBackend.start(2);
        source = ModelSource.open(MODEL);
        spec = ModelLoader.describe(source, backend, ModelLoader.Options.defaults());
    }

    @AfterAll
    static void stop() {
        spec.close();
        source.close();
        backend.close();
    }

    /** What came out of a run. */
    private record Run(List<int[]> outputs, List<TokenLogprob> logprobs) { }

    @Test
    void everyWayChoosesTheSame() {
        for (int seed = 0; seed < 3; seed++) {
            final Run host = run(Way.HOST, seed);
            for (final Way way : new Way[] {Way.DEVICE, Way.AHEAD, Way.GUESSING}) {
                final Run other = run(way, seed);
                for (int i = 0; i < SEQUENCES; i++) {
                    assertThat(other.outputs.get(i)).as("%s, seed %d, sequence %d", way, seed, i).isEqualTo(host.outputs.get(i));
                }
                if (way != Way.AHEAD) { // rows come in another order there
                    assertThat(other.logprobs.size()).isEqualTo(host.logprobs.size());
                }
            }
        }
    }

    private static Run run(final Way way, final int seed) {
        try (Device device = TestDevices.open()) {
            final KvLayout layout = new KvLayout(spec.shape().layers(), spec.shape().attention().kvHeads(), spec.shape().attention().headDim(), BLOCK_TOKENS, KvElement.F16);
            final long slab = device.allocate((long) SEQUENCES * 3 * layout.blockBytes());
            try (DeviceWeights weights = WeightsUpload.run(device, spec); DeviceDecoder decoder = new DeviceDecoder(device, weights, layout, slab,
                    new DeviceDecoder.Limits(LIMITS.rowsMax(), LIMITS.sequencesMax(), true))) {
                final DeviceStepRunner runner = new DeviceStepRunner(device, decoder, LIMITS, way != Way.HOST);
                final List<TestSequence> sequences = sequences(seed);
                final List<TokenLogprob> logprobs = new ArrayList<>();
                drive(runner, sequences, way, logprobs);
                return new Run(sequences.stream().map(TestSequence::output).toList(), logprobs);
            } finally {
                device.free(slab);
            }
        }
    }

    private static List<TestSequence> sequences(final int seed) {
        final Random random = new Random(seed);
        final List<TestSequence> sequences = new ArrayList<>();
        for (int i = 0; i < SEQUENCES; i++) {
            final int[] prompt = random.ints(1 + random.nextInt(15), 0, spec.vocabularySize()).toArray();
            final int[] table = {3 * i + 2, 3 * i, 3 * i + 1};
            sequences.add(new TestSequence(prompt, TOKENS_MAX, params(random), random.nextInt(4) == 0 ? new EvenTokens(spec.vocabularySize()) : null, null, table));
        }
        return sequences;
    }

    private static SamplingParams params(final Random random) {
        final boolean isGreedy = random.nextInt(3) == 0;
        final boolean isPenalised = random.nextInt(4) == 0;
        return new SamplingParams(isGreedy ? 0 : 0.7f + random.nextFloat(), random.nextBoolean() ? 0 : 1 + random.nextInt(20),
            random.nextBoolean() ? 1 : 0.8f, random.nextBoolean() ? 0 : 0.05f, 0, isPenalised ? 0.5f : 0, 0, isPenalised ? 1.2f : 1, 0,
            random.nextInt(3) == 0 ? Map.of(3, 5f, 7, -5f) : Map.of(), random.nextLong(), random.nextBoolean() ? -1 : random.nextInt(5));
    }

    private static void drive(final DeviceStepRunner runner, final List<TestSequence> sequences, final Way way, final List<TokenLogprob> logprobs) {
        List<TestSequence> underWay = List.of(); // of the step that is not awaited
        while (!underWay.isEmpty() || sequences.stream().anyMatch(sequence -> !sequence.isFull())) {
            final List<TestSequence> step = new ArrayList<>();
            runner.begin();
            for (final TestSequence sequence : sequences) {
                if (add(runner, sequence, underWay.indexOf(sequence), way)) {
                    step.add(sequence);
                }
            }
            if (!step.isEmpty()) {
                runner.submit();
            }
            if (way != Way.AHEAD) {
                settle(runner.await(), step, logprobs);
                continue;
            }
            if (!underWay.isEmpty()) {
                settle(runner.await(), underWay, logprobs);
                for (int i = 0; i < step.size(); i++) {
                    if (step.get(i).isFull()) {
                        runner.drop(i); // it has ended meanwhile
                    }
                }
            }
            underWay = step;
        }
    }

    private static boolean add(final DeviceStepRunner runner, final TestSequence sequence, final int placeUnderWay, final Way way) {
        if (placeUnderWay >= 0) {
            if (sequence.isFull() || sequence.computed < sequence.knownTokens() || !runner.canRunAhead(sequence)) {
                return false;
            }
            runner.addAhead(sequence, placeUnderWay);
            sequence.computed++;
            return true;
        }
        if (sequence.isFull()) {
            return false;
        }
        final int pending = sequence.knownTokens() - sequence.computed;
        final int count = Math.min(pending, 11);
        final boolean guesses = way == Way.GUESSING && count == pending && sequence.knownTokens() + 3 < TOKENS_MAX;
        runner.add(sequence, count, guesses ? new int[] {4, 2} : new int[0], guesses ? 2 : 0);
        sequence.computed += count;
        return true;
    }

    private static void settle(final StepOutcomes outcomes, final List<TestSequence> step, final List<TokenLogprob> logprobs) {
        for (int i = 0; i < outcomes.count(); i++) {
            assertThat(outcomes.failure(i)).isNull();
            step.get(i).computed += outcomes.accepted(i);
            for (int token = 0; token < outcomes.chosenCount(i); token++) {
                if (outcomes.logprob(i, token) != null) {
                    logprobs.add(outcomes.logprob(i, token));
                }
            }
        }
    }

    /** Allows even tokens only. */
    private record EvenTokens(int vocabulary) implements TokenConstraint {
        @Override
        public void fillMask(final long[] mask) {
            java.util.Arrays.fill(mask, 0);
            for (int token = 0; token < vocabulary; token += 2) {
                mask[token >>> 6] |= 1L << token;
            }
        }

        @Override
        public boolean advance(final int token) {
            return token % 2 == 0;
        }

        @Override
        public int forced() {
            return NONE;
        }

        @Override
        public boolean mayEnd() {
            return true;
        }

        @Override
        public TokenConstraint copy() {
            return this;
        }
    }
}
