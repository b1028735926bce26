package io.spillway.bench.gpu;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.cuda.KernelCall;
import io.spillway.node.cuda.KernelLaunch;
import io.spillway.node.cuda.MatrixCall;
import io.spillway.node.cuda.Product;
import io.spillway.node.cuda.ProductOutput;
import io.spillway.node.cuda.ProductPlan;
import io.spillway.node.cuda.driver.DeviceBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;

/**
 * What our own products reach with the matrices of models of 1B and 8B: few rows beside the memory's limit, many rows in operations per second.
 * Weights are read from several places in turn, together far larger than the cache.
 */
final class ProductBench implements GpuBench {
    private static final double GIGA = 1e9;
    private static final double TERA = 1e12;
    private static final long WEIGHT_BYTES = 1L << 30;
    private static final long QUICK_WEIGHT_BYTES = 1L << 17;
    private static final int[] ROWS = {1, 8, 16, 32, 64, 256};
    private static final int PREFILL_ROWS = 8192;
    private static final int ROUNDED_COLUMNS = 32;

    /** A matrix, and what becomes of its product. */
    private record Shape(String name, int outputs, int columns, ProductOutput output) { }

    private static final List<Shape> SHAPES = List.of(new Shape("1B qkv", 3072, 2048, ProductOutput.HALF),
        new Shape("1B gate, up", 16384, 2048, ProductOutput.SWIGLU), new Shape("1B down", 2048, 8192, ProductOutput.HALF),
        new Shape("8B qkv", 6144, 4096, ProductOutput.HALF), new Shape("8B o", 4096, 4096, ProductOutput.HALF),
        new Shape("8B gate, up", 28672, 4096, ProductOutput.SWIGLU), new Shape("8B down", 4096, 14336, ProductOutput.HALF));
    private static final List<Shape> QUICK_SHAPES = List.of(new Shape("tiny", 64, 256, ProductOutput.SWIGLU));

    @Override
    public String name() {
        return "products";
    }

    @Override
    public List<Measurement> run(final GpuRig rig) {
        final List<Shape> shapes = rig.isQuick() ? QUICK_SHAPES : SHAPES;
        final int rowsMax = rig.isQuick() ? ROWS[1] : PREFILL_ROWS;
        final int widest = shapes.stream().mapToInt(shape -> Math.max(shape.columns, shape.outputs)).max().orElseThrow();
        final List<Measurement> figures = new ArrayList<>();
        try (DeviceBuffer weights = rig.pool().allocate(rig.isQuick() ? QUICK_WEIGHT_BYTES : WEIGHT_BYTES, "products");
                DeviceBuffer in = rig.pool().allocate((long) rowsMax * widest * Short.BYTES, "products");
                DeviceBuffer out = rig.pool().allocate((long) rowsMax * widest * Short.BYTES, "products");
                DeviceBuffer workspace = rig.pool().allocate(ProductPlan.WORKSPACE_BYTES, "products")) {
            MatrixBench.fill(rig, weights);
            MatrixBench.fill(rig, in);
            rig.stream().fill(workspace.address(), (byte) 0, workspace.bytes());
            final Buffers buffers = new Buffers(rig, weights, in, out, workspace);
            for (final Shape shape : shapes) {
                halves(buffers, shape, rowsMax, figures);
                packed(buffers, shape, figures);
            }
        }
        return figures;
    }

    private record Buffers(GpuRig rig, DeviceBuffer weights, DeviceBuffer in, DeviceBuffer out, DeviceBuffer workspace) {
        ProductPlan plan(final boolean hasWarpgroups, final boolean isInvariant) {
            return new ProductPlan(rig.context().limits().multiprocessors(), hasWarpgroups, isInvariant, workspace.address());
        }

        boolean hasWarpgroups() {
            final int hopper = 9;
            return rig.context().device().major() == hopper;
        }

        /** @return seconds of a product, its matrix of so many bytes in another place each time */
        double seconds(final long matrixBytes, final LongFunction<List<KernelCall>> product) {
            final int places = (int) Math.max(1, weights.bytes() / matrixBytes);
            final List<KernelLaunch> launches = new ArrayList<>();
            for (int i = 0; i < places; i++) {
                product.apply(weights.address() + i * matrixBytes).forEach(call -> launches.add(call.launch()));
            }
            return rig.seconds(() -> launches.forEach(rig.launcher()::launch)) / places;
        }
    }

    private static Product product(final Buffers b, final Shape shape, final long matrix, final int rows) {
        return Product.of(DType.BF16, matrix, b.in.address(), b.out.address(), rows, shape.outputs, shape.columns, shape.output);
    }

    private static void halves(final Buffers b, final Shape shape, final int rowsMax, final List<Measurement> figures) {
        final long bytes = (long) shape.outputs * shape.columns * Short.BYTES;
        final double limit = b.rig.context().limits().memoryBytesPerSecond() / GIGA;
        for (final int rows : ROWS) {
            if (rows <= rowsMax) {
                final double fast = b.seconds(bytes, at -> b.plan(b.hasWarpgroups(), false).launches(product(b, shape, at, rows)));
                figures.add(Measurement.of(shape.name + ", bf16, rows " + rows, bytes / fast / GIGA, "GB/s").beside(limit, "memory's clock and width"));
                final double invariant = b.seconds(bytes, at -> b.plan(b.hasWarpgroups(), true).launches(product(b, shape, at, rows)));
                figures.add(Measurement.of(shape.name + ", bf16, rows " + rows + ", batch-invariant", bytes / invariant / GIGA, "GB/s")
                    .beside(limit, "memory's clock and width"));
            }
        }
        final double operations = 2.0 * rowsMax * shape.outputs * shape.columns;
        if (b.hasWarpgroups()) {
            final double wide = b.seconds(bytes, at -> b.plan(true, false).launches(product(b, shape, at, rowsMax)));
            figures.add(Measurement.of(shape.name + ", bf16, rows " + rowsMax + ", warpgroups", operations / wide / TERA, "TFLOP/s"));
        }
        final double plain = b.seconds(bytes, at -> b.plan(false, false).launches(product(b, shape, at, rowsMax)));
        figures.add(Measurement.of(shape.name + ", bf16, rows " + rowsMax + ", warps", operations / plain / TERA, "TFLOP/s"));
    }

    private static void packed(final Buffers b, final Shape shape, final List<Measurement> figures) {
        final int width = shape.output.isGated() ? shape.outputs / 2 : shape.outputs;
        for (final DType dtype : List.of(DType.Q8_0, DType.Q4_K, DType.Q4_M, DType.F8)) {
            final long part = PackedMatrix.sizeBytes(dtype, width, shape.columns);
            final long bytes = shape.output.isGated() ? 2 * part : part;
            for (final int rows : new int[] {1, 8}) {
                final double seconds = b.seconds(bytes, at -> packed(b, shape, dtype, at, rows, shape.output.isGated() ? at + part : 0));
                figures.add(Measurement.of(shape.name + ", " + dtype + ", rows " + rows, bytes / seconds / GIGA, "GB/s")
                    .beside(b.rig.context().limits().memoryBytesPerSecond() / GIGA, "memory's clock and width"));
            }
        }
    }

    /** Activations are rounded in the room for splits, which is not needed meanwhile, behind the counters. */
    private static List<KernelCall> packed(final Buffers b, final Shape shape, final DType dtype, final long at, final int rows, final long ups) {
        final Product product = product(b, shape, at, rows);
        if (dtype == DType.F8) {
            return List.of(new MatrixCall.GemvPacked(product, dtype, ups, 0));
        }
        final long bytes = (long) rows * shape.columns / ROUNDED_COLUMNS * MatrixCall.RoundActivations.BLOCK_BYTES;
        final long rounded = b.workspace.address(b.workspace.bytes() - bytes, bytes);
        final Product met = new Product(DType.BF16, at, rounded, b.out.address(), 0, rows, shape.outputs, shape.columns, shape.columns, product.width(),
            shape.output, product.experts());
        return List.of(new MatrixCall.RoundActivations(DType.BF16, b.in.address(), rounded, rows, shape.columns, shape.columns),
            new MatrixCall.GemvPacked(met, dtype, ups, 0));
    }
}
