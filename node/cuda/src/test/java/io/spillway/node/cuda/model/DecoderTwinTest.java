package io.spillway.node.cuda.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.Slab;
import io.spillway.node.cpu.CpuBackend;
import io.spillway.node.cuda.Device;
import io.spillway.node.model.DecoderSpec;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.model.StepBatch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A whole decoder by our kernels gives the logits of the host's, but for the rounding of activations to halves. */
class DecoderTwinTest {
    private static final Path MODELS = Path.of(System.getProperty("spillway.root"), "node/cpu/src/test/resources/reference");
    private static final int BLOCK_TOKENS = 16;
    private static final int BLOCKS = 16;
    private static final int ROWS_MAX = 60;
    /** Of bf16 activations through two layers; quantised weights meet activations that both sides round, each in its way. */
    private static final double ERROR_MAX = 0.04;
    private static final int[] CHUNKS = {1, 23, 1, 1, 40, 3, 1};
    private static CpuBackend backend;

    @TempDir
    private Path directory;

    @BeforeAll
    static void start() {
        backend = CpuBackend.start(2);
    }

    @AfterAll
    static void stop() {
        backend.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "llama-bf16", "llama-f16", "llama-q8_0", "llama-q4_0", "llama-q4_k", "llama-q6_k", "llama-q5_k", "qwen2", "phi3-short"})
    void everyFormat(final String name) {
        logitsAreTheHosts(MODELS.resolve(name + ".gguf"), KvElement.F16);
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3", "gemma2", "gemma3", "mixtral", "qwen3moe", "gpt-oss"})
    void everyArchitecture(final String name) {
        logitsAreTheHosts(WiderHeads.write(name, directory.resolve(name + ".gguf")), KvElement.F16);
    }

    @ParameterizedTest
    @EnumSource(value = KvElement.class, mode = EnumSource.Mode.EXCLUDE, names = "F32")
    void everyCache(final KvElement element) {
        logitsAreTheHosts(MODELS.resolve("llama-f16.gguf"), element);
    }

    /** Two sequences side by side: chunks of the one, steps of the other, in turns. */
    private static void logitsAreTheHosts(final Path file, final KvElement element) {
        try (ModelSource source = ModelSource.open(file); Device device = TestDevices.open();
                DecoderSpec spec = ModelLoader.describe(source, backend, ModelLoader.Options.defaults());
                LanguageModel host = ModelLoader.load(source, backend, ModelLoader.Options.defaults())) {
            final KvLayout layout = host.kvLayout(BLOCK_TOKENS, element);
            final long slab = device.allocate(BLOCKS * layout.blockBytes());
            try (DeviceWeights weights = WeightsUpload.run(device, spec); DeviceDecoder decoder = new DeviceDecoder(device, weights, layout, slab, new DeviceDecoder.Limits(ROWS_MAX, 3, false));
                    Slab hostSlab = Slab.allocate(BLOCKS * layout.blockBytes())) {
                double worst = 0;
                final int[][] tables = {{3, 1, 4, 15, 9, 2}, {6, 5, 8, 7, 12, 11}};
                final int[] positions = new int[2];
                for (int step = 0; step < CHUNKS.length; step++) {
                    final StepBatch batch = new StepBatch(ROWS_MAX, 3);
                    for (int sequence = 0; sequence < 2; sequence++) {
                        batch.beginSequence(tables[sequence]);
                        final int rows = sequence == 0 ? CHUNKS[step] : Math.max(1, CHUNKS[CHUNKS.length - 1 - step] % 20);
                        for (int row = 0; row < rows; row++) {
                            batch.addRow((positions[sequence] * 7 + 3 * sequence) % host.vocabularySize(), positions[sequence]++);
                        }
                        batch.wantLogits();
                    }
                    final float[] logits = new float[2 * host.vocabularySize()];
                    host.forward(batch, layout, hostSlab.segment(), logits);
                    decoder.submit(batch, tables, LOGITS);
                    final MemorySegment read = device.pinned(logits.length * 4L);
                    device.toHost(decoder.buffers().logits, read);
                    device.mark().await();
                    worst = Math.max(worst, relativeError(read.toArray(ValueLayout.JAVA_FLOAT), logits));
                }
                        assertThat(worst).isLessThan(ERROR_MAX);
            }
            device.free(slab); // what else is held fails when the device is closed
        }
    }

    private static final DeviceDecoder.Choice LOGITS = new DeviceDecoder.Choice() {
        @Override
        public StepShape.Output output() {
            return StepShape.Output.LOGITS;
        }

        @Override
        public boolean hasAhead() {
            return false;
        }

        @Override
        public void write(final MemorySegment rows, final int[] slots) {
            throw new IllegalStateException("nothing is chosen");
        }
    };

    private static double relativeError(final float[] actual, final float[] expected) {
        double distance = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            distance += Math.pow((double) actual[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(distance / norm);
    }
}
