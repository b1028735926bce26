package io.spillway.bench.gpu;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.cpu.CpuBackend;
import io.spillway.node.cuda.driver.StreamDevice;
import io.spillway.node.cuda.model.CudaModel;
import io.spillway.node.kvcache.BlockMemory;
import io.spillway.node.kvcache.BlockReading;
import io.spillway.node.kvcache.BlockWriting;
import io.spillway.node.kvcache.TransferState;
import io.spillway.node.model.DecoderSpec;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.runner.ModelDevice;
import io.spillway.node.runner.StepRunner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Models of random weights through the runner that a node has: load, decode at several batches, a long context, prefill, and blocks that leave and come
 * back. Decode stands beside the time in which its bytes pass the memory; prefill's operations stand for themselves, beside the matrix peak in the same table.
 */
final class ModelBench implements GpuBench {
    private static final int BLOCK_TOKENS = 64;
    private static final int DECODE_STEPS = 64;
    private static final int CONTEXT = 1024;
    private static final int LONG_CONTEXT = 98_304;
    private static final int CHUNK = 8192;
    private static final double SPARE = 0.8; // of free memory, for the cache
    private static final double TERA = 1e12;
    private static final double GIGA = 1e9;

    private final RandomModel shape;

    ModelBench(final RandomModel shape) {
        this.shape = shape;
    }

    @Override
    public String name() {
        return "model-" + shape.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public List<Measurement> run(final GpuRig rig) {
        final RandomModel wanted = rig.isQuick() ? RandomModel.TINY : shape;
        final Path file = temporary();
        try (CpuBackend host = CpuBackend.start(); StreamDevice device = new StreamDevice(rig.context());
                ModelSource source = ModelSource.open(wanted.write(file)); DecoderSpec spec = ModelLoader.describe(source, host, ModelLoader.Options.defaults())) {
            final long begin = System.nanoTime();
            try (CudaModel model = CudaModel.load(device, spec, false)) {
                final List<Measurement> found = new ArrayList<>();
                found.add(Measurement.of(label("load"), model.weightBytes() / GIGA / seconds(begin), "GB/s"));
                new Measuring(rig, wanted, model, found).all();
                return found;
            }
        } finally {
            remove(file);
        }
    }

    private String label(final String what) {
        return shape.name() + ", " + what;
    }

    private static Path temporary() {
        try {
            return Files.createTempDirectory("spillway-gpu-check").resolve("model.gguf");
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void remove(final Path file) {
        try {
            Files.deleteIfExists(file);
            Files.deleteIfExists(file.getParent());
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double seconds(final long sinceNanos) {
        return Math.max(1, System.nanoTime() - sinceNanos) / 1e9;
    }

    /** One model, loaded. */
    private final class Measuring {
        private final GpuRig rig;
        private final RandomModel model;
        private final List<Measurement> found;
        private final ModelDevice device;
        private final StepRunner runner;
        private final int blocks;

        private Measuring(final GpuRig rig, final RandomModel model, final CudaModel loaded, final List<Measurement> found) {
            this.rig = rig;
            this.model = model;
            this.found = found;
            final KvLayout layout = loaded.kvLayout(BLOCK_TOKENS, KvElement.F16);
            final int batchMax = rig.isQuick() ? 2 : 256;
            // Activations of the largest step take some of what is free, before the cache does.
            final long free = (long) (SPARE * rig.context().freeBytes()) - (rig.isQuick() ? 0 : 12L << 30);
            blocks = (int) Math.clamp(free / layout.blockBytes(), 8, rig.isQuick() ? 16 : (long) batchMax * (CONTEXT + 2 * DECODE_STEPS) / BLOCK_TOKENS);
            device = loaded.open(layout, blocks);
            runner = device.newRunner(new StepRunner.Limits(rig.isQuick() ? 32 : CHUNK, batchMax));
        }

        private void all() {
            if (rig.isQuick()) {
                decode(2, 20, 2);
                prefill(24, 24);
                transfers(4);
                return;
            }
            for (final int batch : new int[] {1, 8, 64, 256}) {
                decode(batch, CONTEXT, DECODE_STEPS);
            }
            decode(1, LONG_CONTEXT, DECODE_STEPS);
            prefill(CHUNK, CHUNK);
            transfers(Math.min(blocks, LONG_CONTEXT / BLOCK_TOKENS));
            prefill(LONG_CONTEXT, CHUNK);
        }

        private int blocksOf(final int tokens) {
            return Math.ceilDiv(tokens, BLOCK_TOKENS);
        }

        private List<GrowingSequence> sequences(final int batch, final int tokens, final int tokensMax) {
            final List<GrowingSequence> sequences = new ArrayList<>();
            for (int i = 0; i < batch; i++) {
                final int[] table = new int[blocksOf(tokensMax)];
                for (int block = 0; block < table.length; block++) {
                    table[block] = i * table.length + block;
                }
                sequences.add(new GrowingSequence(table, tokens));
            }
            return sequences;
        }

        /** Steps of one token each, the device one step ahead. What the cache holds is zeros or earlier tokens: it takes as long. */
        private void decode(final int batch, final int context, final int steps) {
            if ((long) batch * blocksOf(context + 2 * steps) > blocks) {
                return;
            }
            final List<GrowingSequence> sequences = sequences(batch, context, context + 2 * steps);
            sequences.forEach(sequence -> sequence.compute(context - 1));
            ahead(sequences, steps / 2 + 1); // records the graph
            final long begin = System.nanoTime();
            ahead(sequences, steps);
            final double step = seconds(begin) / steps;
            final double bytes = model.stepBytes() + (double) batch * context * model.tokenBytes();
            found.add(Measurement.of(label("decode, batch " + batch + " at " + context), batch / step, "tokens/s")
                .beside(batch * rig.context().limits().memoryBytesPerSecond() / bytes, "memory"));
        }

        private void ahead(final List<GrowingSequence> sequences, final int steps) {
            runner.begin();
            for (final GrowingSequence sequence : sequences) {
                runner.add(sequence, 1);
                sequence.compute(1);
            }
            runner.submit();
            for (int step = 1; step < steps; step++) {
                runner.begin();
                for (int i = 0; i < sequences.size(); i++) {
                    runner.addAhead(sequences.get(i), i);
                    sequences.get(i).compute(1);
                }
                runner.submit();
                runner.await();
            }
            runner.await();
        }

        private void prefill(final int tokens, final int chunk) {
            if (blocksOf(tokens) > blocks) {
                return;
            }
            if (tokens == chunk) {
                once(tokens, chunk); // kernels are loaded, memory has grown
            }
            final double seconds = once(tokens, chunk);
            found.add(Measurement.of(label("prefill of " + tokens), model.prefillFlops(tokens) / seconds / TERA, "TFLOP/s"));
            found.add(Measurement.of(label("time to the first token of " + tokens + ", computed"), seconds * 1e3, "ms"));
        }

        private double once(final int tokens, final int chunk) {
            final GrowingSequence sequence = sequences(1, tokens, tokens).getFirst();
            final long begin = System.nanoTime();
            for (int from = 0; from < tokens; from += chunk) {
                final int count = Math.min(chunk, tokens - from);
                runner.begin();
                runner.add(sequence, count);
                sequence.compute(count);
                runner.submit();
                runner.await();
            }
            return seconds(begin);
        }

        /** Blocks leave to pinned memory, and come back. */
        private void transfers(final int count) {
            final BlockMemory memory = device.memory();
            final double bytes = (double) count * memory.blockBytes();
            final long left = System.nanoTime();
            for (int from = 0; from < count; from += memory.readingBlocksMax()) {
                leave(memory, from, Math.min(memory.readingBlocksMax(), count - from));
            }
            found.add(Measurement.of(label("blocks to the host"), bytes / GIGA / seconds(left), "GB/s"));
            final long came = System.nanoTime();
            for (int from = 0; from < count;) {
                from += comeBack(memory, from, count - from);
            }
            final double seconds = seconds(came);
            found.add(Measurement.of(label("blocks from the host"), bytes / GIGA / seconds, "GB/s"));
            found.add(Measurement.of(label("a context of " + count * BLOCK_TOKENS + " brought from pinned memory"), seconds * 1e3, "ms"));
        }

        private void leave(final BlockMemory memory, final int from, final int count) {
            final BlockReading reading = memory.read(range(from, count), count);
            while (reading.state() == TransferState.UNDER_WAY) {
                Thread.onSpinWait();
            }
            for (int i = 0; i < count; i++) {
                reading.release(i);
            }
        }

        private int comeBack(final BlockMemory memory, final int from, final int count) {
            final BlockWriting writing = memory.write(range(from, count), count);
            writing.begin(writing.count());
            while (writing.state() == TransferState.UNDER_WAY) {
                Thread.onSpinWait();
            }
            writing.close();
            return writing.count();
        }

        private int[] range(final int from, final int count) {
            final int[] range = new int[count];
            for (int i = 0; i < count; i++) {
                range[i] = from + i;
            }
            return range;
        }
    }
}
