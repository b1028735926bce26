package io.spillway.node.cuda.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.Slab;
import io.spillway.node.cpu.CpuBackend;
import io.spillway.node.cuda.ShimDevice;
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
import org.junit.jupiter.params.provider.ValueSource;

/** A whole decoder by our kernels gives the logits of the host's, but for the rounding of activations to halves. */
class DecoderTwinTest {
    private static final Path MODELS = Path.of(System.getProperty("spillway.root"), "node/cpu/src/test/resources/reference");
    private static final int BLOCK_TOKENS = 16;
    private static final int TOKENS = 24;
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
        logitsAreTheHosts(MODELS.resolve(name + ".gguf"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3", "gemma2", "gemma3"})
    void everyArchitecture(final String name) {
        logitsAreTheHosts(WiderHeads.write(name, directory.resolve(name + ".gguf")));
    }

    private static void logitsAreTheHosts(final Path file) {
        try (ModelSource source = ModelSource.open(file); ShimDevice device = new ShimDevice();
                DecoderSpec spec = ModelLoader.describe(source, backend, ModelLoader.Options.defaults());
                LanguageModel host = ModelLoader.load(source, backend, ModelLoader.Options.defaults())) {
            final KvLayout layout = host.kvLayout(BLOCK_TOKENS, KvElement.F16);
            final long slab = device.allocate(8 * layout.blockBytes());
            try (DeviceDecoder decoder = new DeviceDecoder(device, WeightsUpload.run(device, spec), layout, slab, new DeviceDecoder.Limits(TOKENS, 2, TOKENS, false));
                    Slab hostSlab = Slab.allocate(8 * layout.blockBytes())) {
                final StepBatch batch = new StepBatch(TOKENS, 2);
                final int[] table = {3, 1};
                final float[] logits = new float[host.vocabularySize()];
                double worst = 0;
                for (int position = 0; position < TOKENS; position++) {
                    batch.clear();
                    batch.beginSequence(table);
                    batch.addRow(position * 7 % host.vocabularySize(), position);
                    batch.wantLogits();
                    host.forward(batch, layout, hostSlab.segment(), logits);
                    decoder.submit(batch, new Object[] {table});
                    final MemorySegment read = device.pinned(logits.length * 4L);
                    device.toHost(decoder.buffers().logits, read);
                    worst = Math.max(worst, relativeError(read.toArray(ValueLayout.JAVA_FLOAT), logits));
                }
                System.out.println(file.getFileName() + " " + worst);
                assertThat(worst).isLessThan(0.05);
            }
            device.free(slab);
            assertThat(device.held()).isZero();
        }
    }

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
