package io.spillway.node.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.Slab;
import io.spillway.node.cuda.KernelLaunch;
import io.spillway.node.cuda.RowCall;
import io.spillway.node.cuda.Values;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the driver layer does against what it says, over any driver: order, graphs, memory, pinned memory, launches that overlap, cuBLASLt. */
@Tag("driver")
class StreamTwinTest {
    private static final int TRIALS = 100;
    private static final int CHAIN = 300;
    private Gpu gpu;

    @BeforeEach
    void open() {
        gpu = new Gpu();
    }

    @AfterEach
    void close() {
        gpu.close();
    }

    /** Random fills and copies on two streams that wait for each other give what the same gives on an array; captured too, and again. */
    @Test
    void anyProgramGivesWhatItSays() {
        final Random random = new Random(5);
        for (int trial = 0; trial < TRIALS; trial++) {
            final int bytes = 64;
            final int length = 1 + random.nextInt(20);
            final int[][] steps = new int[length][];
            Arrays.setAll(steps, i -> new int[] {random.nextInt(2), random.nextInt(2), random.nextInt(bytes / 2), bytes / 2 + random.nextInt(bytes / 4),
                1 + random.nextInt(bytes / 4), random.nextInt(128)});
            final byte[] model = new byte[bytes];
            try (CudaStream other = CudaStream.of(gpu.context); CudaEvent event = CudaEvent.of(gpu.context); DeviceBuffer memory = gpu.floats(new float[bytes / 4])) {
                final Runnable program = () -> run(steps, other, event, memory);
                program.run();
                replay(steps, model);
                assertThat(bytes(memory)).isEqualTo(model);
                try (CudaGraph graph = CudaGraph.capture(gpu.stream, program)) {
                    graph.launch(gpu.stream);
                    graph.launch(gpu.stream);
                }
                replay(steps, model);
                replay(steps, model);
                assertThat(bytes(memory)).isEqualTo(model);
            }
        }
    }

    private void run(final int[][] steps, final CudaStream other, final CudaEvent event, final DeviceBuffer memory) {
        for (final int[] step : steps) {
            final CudaStream stream = step[0] == 0 ? gpu.stream : other;
            gpu.stream.record(event);
            other.await(event);
            if (step[1] == 0) {
                stream.fill(memory.address() + step[2], (byte) step[5], step[4]);
            } else {
                stream.copyOnDevice(memory.address() + step[2], memory.address() + step[3], step[4]);
            }
            other.record(event);
            gpu.stream.await(event);
        }
    }

    private static void replay(final int[][] steps, final byte[] model) {
        for (final int[] step : steps) {
            if (step[1] == 0) {
                Arrays.fill(model, step[2], step[2] + step[4], (byte) step[5]);
            } else {
                System.arraycopy(model, step[3], model, step[2], step[4]);
            }
        }
    }

    private byte[] bytes(final DeviceBuffer buffer) {
        try (PinnedSlab slab = PinnedSlab.allocate(gpu.context, buffer.bytes())) {
            gpu.stream.copyToHost(slab.segment(), buffer.address());
            gpu.stream.synchronize();
            return slab.segment().toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** Each adds one to what the one before it wrote: none may read too early, one by one or in a graph. */
    @Test
    void launchesThatOverlapStillFollowEachOther() {
        final int width = 4096;
        final float[] ones = new float[width];
        Arrays.fill(ones, 1);
        try (DeviceBuffer x = gpu.floats(new float[width]); DeviceBuffer delta = gpu.floats(ones)) {
            final KernelLaunch add = RowCall.RmsNorm.add(x.address(), RowCall.Delta.of(new Values(delta.address(), DType.F32)), 1, width, 0).launch().overlapping();
            final Runnable chain = () -> {
                for (int i = 0; i < CHAIN; i++) {
                    gpu.launcher.launch(add);
                }
            };
            chain.run();
            try (CudaGraph graph = CudaGraph.capture(gpu.stream, chain)) {
                graph.launch(gpu.stream);
                graph.launch(gpu.stream);
            }
            assertThat(gpu.read(x)).containsOnly(3f * CHAIN);
        }
    }

    @Test
    void kernelsGetTheSharedMemoryTheyAskFor() {
        try (DeviceBuffer from = gpu.floats(1, 2); DeviceBuffer to = gpu.floats(0, 0); DeviceBuffer at = gpu.floats(0, 0)) {
            final KernelLaunch copy = new RowCall.CopyPieces(from.address(), at.address(), to.address(), at.address(), 1, 8).launch();
            gpu.launcher.launch(new KernelLaunch(copy.kernel(), copy.grid(), copy.block(), 90 << 10, copy.arguments()));
            assertThat(gpu.read(to)).containsExactly(1, 2);
        }
    }

    @Test
    void memoryOfAStreamComesAndGoesInItsOrder() {
        try (PinnedSlab slab = PinnedSlab.allocate(gpu.context, 1 << 16)) {
            for (int round = 0; round < 50; round++) {
                final DeviceBuffer buffer = gpu.pool.allocate(1 << 16, "test", gpu.stream);
                gpu.stream.fill(buffer.address(), (byte) round, buffer.bytes());
                gpu.stream.copyToHost(slab.segment(), buffer.address());
                buffer.close();
                gpu.stream.synchronize();
                assertThat(slab.segment().get(ValueLayout.JAVA_BYTE, (1 << 16) - 1)).isEqualTo((byte) round);
            }
        }
    }

    /** Our own slab, pinned: there and back, to the byte. */
    @Test
    void aSlabOfOursCanBePinned() {
        final int bytes = 3 << 20;
        final Random random = new Random(2);
        try (Slab slab = Slab.allocate(2L * bytes)) {
            try (PinnedSlab pinned = PinnedSlab.register(gpu.context, slab.segment()); DeviceBuffer buffer = gpu.pool.allocate(bytes, "test")) {
                final byte[] values = new byte[bytes];
                random.nextBytes(values);
                pinned.segment().asSlice(0, bytes).copyFrom(MemorySegment.ofArray(values));
                gpu.stream.copyToDevice(buffer.address(), pinned.segment().asSlice(0, bytes));
                gpu.stream.copyToHost(pinned.segment().asSlice(bytes, bytes), buffer.address());
                gpu.stream.synchronize();
                assertThat(pinned.segment().asSlice(bytes, bytes).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(values);
            }
        }
    }

    @Test
    void timeGoesForward() {
        try (CudaEvent start = CudaEvent.timed(gpu.context); CudaEvent end = CudaEvent.timed(gpu.context); DeviceBuffer buffer = gpu.pool.allocate(1 << 20, "test")) {
            gpu.stream.record(start);
            gpu.stream.fill(buffer.address(), (byte) 1, buffer.bytes());
            gpu.stream.record(end);
            while (!end.isDone()) {
                Thread.onSpinWait();
            }
            assertThat(end.nanosSince(start)).isNotNegative();
            assertThat(gpu.stream.isIdle()).isTrue();
            assertThat(gpu.context.freeBytes()).isPositive();
        }
    }

    /** Within columns + 2 units of 2^-24 of the sum of magnitudes, and the rounding to bf16. */
    @Test
    void productsOfTheLibraryAreRowsByRows() {
        final Optional<CublasLt> found = CublasLt.open(gpu.context, gpu.pool, Gpu.libraries());
        Assumptions.assumeTrue(found.isPresent(), "no cuBLASLt here");
        final HalfProduct.Shape shape = new HalfProduct.Shape(5, 24, 64);
        final Random random = new Random(4);
        final float[] weights = halves(random, shape.outputs() * shape.columns());
        final float[] in = halves(random, shape.rows() * shape.columns());
        try (CublasLt cublas = found.get(); DeviceBuffer w = bf16(weights); DeviceBuffer x = bf16(in);
                DeviceBuffer out = gpu.pool.allocate((long) shape.rows() * shape.outputs() * Float.BYTES, "test")) {
            assertThat(cublas.multiply(gpu.stream, HalfProduct.dense(DType.BF16, DType.F32, w.address(), x.address(), out.address(), shape))).isTrue();
            final float[] actual = gpu.read(out);
            for (int i = 0; i < actual.length; i++) {
                double sum = 0;
                double magnitude = 0;
                for (int c = 0; c < shape.columns(); c++) {
                    final double term = (double) in[i / shape.outputs() * shape.columns() + c] * weights[i % shape.outputs() * shape.columns() + c];
                    sum += term;
                    magnitude += Math.abs(term);
                }
                assertThat((double) actual[i]).isCloseTo(sum, org.assertj.core.data.Offset.offset(magnitude * (shape.columns() + 2) * 0x1p-24));
            }
        }
    }

    private static float[] halves(final Random random, final int count) {
        final float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = Half.bf16ToFloat(Half.bf16FromFloat((float) random.nextGaussian()));
        }
        return values;
    }

    private DeviceBuffer bf16(final float[] values) {
        final float[] pairs = new float[values.length / 2];
        for (int i = 0; i < pairs.length; i++) {
            pairs[i] = Float.intBitsToFloat(Half.bf16FromFloat(values[2 * i]) & 0xFFFF | Half.bf16FromFloat(values[2 * i + 1]) << 16);
        }
        return gpu.floats(pairs);
    }
}
