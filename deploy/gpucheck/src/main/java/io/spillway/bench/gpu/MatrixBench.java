package io.spillway.bench.gpu;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.cuda.driver.CublasLt;
import io.spillway.node.cuda.driver.DeviceBuffer;
import io.spillway.node.cuda.driver.HalfProduct;
import io.spillway.node.cuda.driver.PinnedSlab;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** What cuBLASLt reaches with large bf16 matrices of normally distributed numbers: the peak that prefill stands beside. */
final class MatrixBench implements GpuBench {
    private static final int SIZE = 8192;
    private static final int QUICK_SIZE = 16;
    private static final int RANDOMS = 1 << 20;
    private static final double TERA = 1e12;

    @Override
    public String name() {
        return "matrix";
    }

    @Override
    public List<Measurement> run(final GpuRig rig) {
        final int size = rig.isQuick() ? QUICK_SIZE : SIZE;
        final long bytes = (long) size * size * Short.BYTES;
        final Optional<CublasLt> found = CublasLt.open(rig.context(), rig.pool(), rig.libraries());
        if (found.isEmpty()) {
            return List.of();
        }
        try (CublasLt cublas = found.get(); DeviceBuffer weights = rig.pool().allocate(bytes, "matrix"); DeviceBuffer in = rig.pool().allocate(bytes, "matrix");
                DeviceBuffer out = rig.pool().allocate(bytes, "matrix")) {
            fill(rig, weights);
            fill(rig, in);
            final HalfProduct product = HalfProduct.dense(DType.BF16, DType.BF16, weights.address(), in.address(), out.address(),
                    new HalfProduct.Shape(size, size, size));
            if (cublas.tune(rig.stream(), product).isEmpty()) {
                return List.of();
            }
            final double seconds = rig.seconds(() -> cublas.multiply(rig.stream(), product));
            return List.of(Measurement.of("bf16 product of " + size + " x " + size + " x " + size + " by cuBLASLt", 2.0 * size * size * size / seconds / TERA, "TFLOP/s"));
        }
    }

    /** Fills a matrix with normally distributed numbers. */
    static void fill(final GpuRig rig, final DeviceBuffer matrix) {
        final int count = (int) Math.min(RANDOMS, matrix.bytes() / Short.BYTES);
        final Random random = new Random(7);
        try (PinnedSlab slab = PinnedSlab.allocate(rig.context(), (long) count * Short.BYTES)) {
            for (int i = 0; i < count; i++) {
                slab.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, Half.bf16FromFloat((float) random.nextGaussian()));
            }
            for (long at = 0; at < matrix.bytes(); at += slab.segment().byteSize()) {
                rig.stream().copyToDevice(matrix.address(at, slab.segment().byteSize()), slab.segment());
            }
            rig.stream().synchronize();
        }
    }
}
