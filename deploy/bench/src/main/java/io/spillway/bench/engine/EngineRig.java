package io.spillway.bench.engine;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.model.StepBatch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** A loaded model, a cache full of random keys and values, and steps over both. Used by the main thread. */
final class EngineRig implements AutoCloseable {
    private static final int BLOCK_TOKENS = 64;
    /** A server's kernels were compiled long ago; the compiler is done with all of them after about so long. */
    private static final long WARM_UP_NANOS = 8_000_000_000L;

    private final Path path;
    private final Setup setup;
    private final ComputeBackend backend;
    private final LanguageModel model;
    private final long parameters;
    private final long matrixParameters;
    private final long weightBytes;
    private final KvLayout layout;
    private final Slab slab;
    private final int[][] tables;   // [sequences][blocks]
    private final StepBatch batch;
    private final float[] logits;

    /** @param kernels auto, vector, native or scalar @param kv how keys and values are kept */
    record Setup(String kernels, int threads, KvElement kv) {
    }

    private EngineRig(final Path path, final Setup setup, final ComputeBackend backend, final ModelSource source,
            final List<EngineBench.Test> tests) throws java.io.IOException {
        this.path = path;
        this.setup = setup;
        this.backend = backend;
        parameters = source.tensors().stream().mapToLong(TensorEntry::elements).sum();
        final boolean tied = source.find("output.weight").isEmpty() && source.find("lm_head.weight").isEmpty();
        matrixParameters = source.tensors().stream()
            .filter(t -> t.shape().size() > 1 && (tied || !t.name().contains("embd") && !t.name().contains("embed_tokens")))
            .mapToLong(TensorEntry::elements).sum();
        weightBytes = Files.isDirectory(path) ? parameters * 2 : Files.size(path);
        model = ModelLoader.load(source, backend, ModelLoader.Options.defaults());
        layout = model.kvLayout(BLOCK_TOKENS, setup.kv());
        final int sequences = tests.stream().mapToInt(EngineBench.Test::batch).max().orElse(1);
        final int tokens = tests.stream().mapToInt(t -> (t.depth() + t.prompt() + t.generated()) * t.batch()).max().orElse(1);
        final int longest = tests.stream().mapToInt(t -> t.depth() + t.prompt() + t.generated()).max().orElse(1);
        final int blocks = layout.blocksFor(tokens) + sequences;
        slab = backend.allocate(blocks * layout.blockBytes());
        tables = new int[sequences][layout.blocksFor(longest) + 1];
        batch = new StepBatch(Math.max(4096, sequences), sequences);
        logits = new float[sequences * model.vocabularySize()];
        fill(blocks);
    }

    static EngineRig open(final Path path, final Setup setup, final List<EngineBench.Test> tests) throws java.io.IOException {
        final ComputeBackend backend = Kernels.start(setup.kernels(), setup.threads());
        try (ModelSource source = ModelSource.open(path)) {
            return new EngineRig(path, setup, backend, source, tests);
        }
    }

    /** Random keys and values through the kernel that stores them, so that every element format holds sound numbers. */
    private void fill(final int blocks) {
        final int width = layout.kvHeads() * layout.headDim();
        final Tensor rows = Tensor.ofRows(BLOCK_TOKENS, width);
        final Random random = new Random(1);
        for (int i = 0; i < rows.values().length; i++) {
            rows.values()[i] = (float) random.nextGaussian();
        }
        final KvRows kv = new KvRows();
        try (TensorOps ops = backend.newOps()) {
            for (int block = 0; block < blocks; block++) {
                kv.begin(layout, slab.segment(), BLOCK_TOKENS, 1);
                kv.blockTable(0, new int[] {block});
                for (int token = 0; token < BLOCK_TOKENS; token++) {
                    kv.addRow(0, token);
                }
                for (int layer = 0; layer < layout.layers(); layer++) {
                    ops.store(kv, layer, rows, rows);
                }
            }
        }
    }

    /** Runs the test's kernels until they are compiled. */
    void warmUp(final EngineBench.Test test, final int chunkTokens) {
        final int few = test.prompt() > 0 ? test.prompt() : Math.min(test.generated(), 16);
        final EngineBench.Test part = new EngineBench.Test(test.prompt() > 0 ? few : 0, test.prompt() > 0 ? 0 : few, test.depth(), test.batch());
        long left = WARM_UP_NANOS;
        while (left > 0) {
            left -= run(part, chunkTokens);
        }
    }

    /** @return nanoseconds that the test took */
    long run(final EngineBench.Test test, final int chunkTokens) {
        final int perSequence = layout.blocksFor(test.depth() + test.prompt() + test.generated());
        for (int sequence = 0; sequence < test.batch(); sequence++) {
            for (int block = 0; block < perSequence; block++) {
                tables[sequence][block] = sequence * perSequence + block;
            }
        }
        final long begin = System.nanoTime();
        if (test.prompt() > 0) {
            for (int from = 0; from < test.prompt(); from += chunkTokens) {
                final int to = Math.min(test.prompt(), from + chunkTokens);
                step(test.depth() + from, to - from, 1, to == test.prompt());
            }
        } else {
            for (int i = 0; i < test.generated(); i++) {
                step(test.depth() + i, 1, test.batch(), true);
            }
        }
        return System.nanoTime() - begin;
    }

    private void step(final int position, final int tokens, final int sequences, final boolean last) {
        batch.clear();
        for (int sequence = 0; sequence < sequences; sequence++) {
            batch.beginSequence(tables[sequence]);
            for (int i = 0; i < tokens; i++) {
                batch.addRow((position + i + sequence * 31) % Math.min(1000, model.vocabularySize()), position + i);
            }
            if (last) {
                batch.wantLogits();
            }
        }
        model.forward(batch, layout, slab.segment(), logits);
    }

    Path path() {
        return path;
    }

    Setup setup() {
        return setup;
    }

    String backendDescription() {
        return backend.description();
    }

    long parameters() {
        return parameters;
    }

    /** @return weights that a token is multiplied with, the head included */
    long matrixParameters() {
        return matrixParameters;
    }

    long weightBytes() {
        return weightBytes;
    }

    /** @return bytes of keys and values of {@code tokens} */
    long kvBytes(final long tokens) {
        return tokens * layout.blockBytes() / BLOCK_TOKENS;
    }

    @Override
    public void close() {
        slab.close();
        model.close();
        backend.close();
    }
}
