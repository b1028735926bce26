package io.spillway.bench.engine;

import io.spillway.node.compute.Slab;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the machine can do at this moment with that many threads: bytes read from memory, and fused multiply-adds on registers.
 *
 * @param readBytesPerSecond memory read, all threads, 1 GiB that no cache holds; median of the passes
 * @param flopsPerSecond     single-precision operations, a fused multiply-add counting twice; median of the passes
 */
public record MachineLimits(double readBytesPerSecond, double flopsPerSecond) {
    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final long BYTES = 1L << 30;
    /** What one call reads: short, so that every pass runs code that was compiled as a whole. */
    private static final long STRETCH_BYTES = 1L << 18;
    private static final int FMA_ROUNDS = 20_000_000;
    private static final int CHAINS = 10;
    private static final int PASSES = 5;

    /** Sums keep the compiler from leaving the work out. */
    private static volatile double sink;

    /** Takes about a second. */
    public static MachineLimits measure(final int threads) throws InterruptedException {
        final double[] read = new double[PASSES];
        final double[] flops = new double[PASSES];
        // In large pages, as weights are: with small ones a plain read gets less than the kernels do.
        try (Slab slab = Slab.allocate(BYTES)) {
            final MemorySegment memory = slab.segment();
            memory.fill((byte) 1);
            inParallel(threads, thread -> readPart(memory, thread, threads));
            inParallel(threads, thread -> multiply(FMA_ROUNDS / 10));
            for (int pass = 0; pass < PASSES; pass++) {
                read[pass] = BYTES / inParallel(threads, thread -> readPart(memory, thread, threads));
                flops[pass] = 2.0 * FLOATS.length() * CHAINS * FMA_ROUNDS * threads / inParallel(threads, thread -> multiply(FMA_ROUNDS));
            }
        }
        return new MachineLimits(Statistics.median(read), Statistics.median(flops));
    }

    /** Work of one thread. */
    private interface Part {
        double run(int thread);
    }

    /** @return seconds */
    private static double inParallel(final int threads, final Part part) throws InterruptedException {
        final List<Thread> running = new ArrayList<>();
        final long begin = System.nanoTime();
        for (int i = 0; i < threads; i++) {
            final int thread = i;
            running.add(Thread.ofPlatform().start(() -> sink = part.run(thread)));
        }
        for (final Thread thread : running) {
            thread.join();
        }
        return (System.nanoTime() - begin) / 1e9;
    }

    private static double readPart(final MemorySegment memory, final int thread, final int threads) {
        final long part = BYTES / threads / STRETCH_BYTES * STRETCH_BYTES;
        long sum = 0;
        for (long at = thread * part; at < (thread + 1) * part; at += STRETCH_BYTES) {
            sum += readStretch(memory, at);
        }
        return sum;
    }

    private static long readStretch(final MemorySegment memory, final long from) {
        LongVector a = LongVector.zero(LONGS);
        LongVector b = a;
        LongVector c = a;
        LongVector d = a;
        final int step = LONGS.vectorByteSize();
        for (long i = 0; i < STRETCH_BYTES; i += 4L * step) {
            final long at = from + i;
            a = a.add(LongVector.fromMemorySegment(LONGS, memory, at, ByteOrder.LITTLE_ENDIAN));
            b = b.add(LongVector.fromMemorySegment(LONGS, memory, at + step, ByteOrder.LITTLE_ENDIAN));
            c = c.add(LongVector.fromMemorySegment(LONGS, memory, at + 2L * step, ByteOrder.LITTLE_ENDIAN));
            d = d.add(LongVector.fromMemorySegment(LONGS, memory, at + 3L * step, ByteOrder.LITTLE_ENDIAN));
        }
        return a.add(b).add(c).add(d).reduceLanes(VectorOperators.ADD);
    }

    private static double multiply(final int rounds) {
        final FloatVector m = FloatVector.broadcast(FLOATS, 0.999f);
        FloatVector a = FloatVector.broadcast(FLOATS, 1f);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        FloatVector e = a;
        FloatVector f = a;
        FloatVector g = a;
        FloatVector h = a;
        FloatVector i = a;
        FloatVector j = a;
        for (int round = 0; round < rounds; round++) {
            a = a.fma(m, m);
            b = b.fma(m, m);
            c = c.fma(m, m);
            d = d.fma(m, m);
            e = e.fma(m, m);
            f = f.fma(m, m);
            g = g.fma(m, m);
            h = h.fma(m, m);
            i = i.fma(m, m);
            j = j.fma(m, m);
        }
        return a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).lane(0);
    }
}
