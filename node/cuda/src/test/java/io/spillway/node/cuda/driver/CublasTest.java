package io.spillway.node.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Products through cuBLASLt's interface, over a library that computes what its descriptors say, and late. */
@Tag("driver")
class CublasTest {
    private static final Path LIBRARIES = Path.of(System.getProperty("spillway.root"), "node", "cuda", "target", "shim", "libraries");
    private Gpu gpu;
    private CublasLt cublas;

    @BeforeEach
    void open() {
        gpu = new Gpu();
        cublas = CublasLt.open(gpu.context, gpu.pool, List.of(LIBRARIES)).orElseThrow();
    }

    @AfterEach
    void close() {
        cublas.close();
        assertThat(stub("stub_live")).isZero();
        gpu.close();
    }

    private static long stub(final String function) {
        try {
            return (long) Linker.nativeLinker().downcallHandle(SymbolLookup.libraryLookup(LIBRARIES.resolve("libcublasLt.so.13"), Arena.global())
                .findOrThrow(function), FunctionDescriptor.of(ValueLayout.JAVA_LONG)).invokeExact();
        } catch (final Throwable e) {
            throw new IllegalStateException(function, e);
        }
    }

    /** Random shapes, strides and places: every element is its row of in by its row of weights, and nothing else is written. */
    @Test
    void anyProductIsRowsByRows() {
        final Random random = new Random(3);
        for (int trial = 0; trial < 120; trial++) {
            final DType type = random.nextBoolean() ? DType.F16 : DType.BF16;
            final DType outType = random.nextBoolean() ? type : DType.F32;
            final HalfProduct.Shape shape = new HalfProduct.Shape(1 + random.nextInt(9), 1 + random.nextInt(20), 8 * (1 + random.nextInt(6)));
            final int inStride = shape.columns() + 8 * random.nextInt(3);
            final int outStride = shape.outputs() + random.nextInt(4);
            final float[] weights = whole(random, shape.outputs() * shape.columns());
            final float[] in = whole(random, shape.rows() * inStride);
            final int outBytes = outType == DType.F32 ? 4 : 2;
            final long shift = 16L * random.nextInt(3);
            try (DeviceBuffer w = halves(type, weights, 0); DeviceBuffer x = halves(type, in, shift);
                    DeviceBuffer y = gpu.pool.allocate((long) shape.rows() * outStride * outBytes, "test")) {
                gpu.stream.fill(y.address(), (byte) 0x11, y.bytes());
                assertThat(cublas.multiply(gpu.stream, new HalfProduct(type, outType, w.address(), x.address() + shift, y.address(), shape, inStride, outStride)))
                    .isTrue();
                assertProduct(shape, weights, in, inStride, read(y, outType), outStride, outType);
            }
        }
    }

    private void assertProduct(final HalfProduct.Shape shape, final float[] weights, final float[] in, final int inStride, final float[] out, final int outStride,
            final DType outType) {
        for (int row = 0; row < shape.rows(); row++) {
            for (int o = 0; o < outStride && row * outStride + o < out.length; o++) {
                float expected = value(outType, 0x11111111);
                if (o < shape.outputs()) {
                    expected = 0;
                    for (int c = 0; c < shape.columns(); c++) {
                        expected += in[row * inStride + c] * weights[o * shape.columns() + c];
                    }
                }
                assertThat(out[row * outStride + o]).as("row %d, output %d", row, o).isEqualTo(expected);
            }
        }
    }

    @Test
    void plansAreKeptByShapeAndTheOldestGo() {
        try (DeviceBuffer memory = gpu.pool.allocate(1 << 20, "test")) {
            gpu.stream.fill(memory.address(), (byte) 0, memory.bytes());
            final long before = stub("stub_heuristics");
            for (int round = 0; round < 2; round++) {
                for (int rows = 1; rows <= 3; rows++) {
                    cublas.multiply(gpu.stream, product(memory, rows));
                }
            }
            assertThat(stub("stub_heuristics") - before).isEqualTo(3);
            for (int rows = 1; rows <= 300; rows++) {
                cublas.multiply(gpu.stream, product(memory, rows));
            }
            assertThat(stub("stub_live")).isEqualTo(1 + 4 * 256);
            gpu.stream.synchronize();
        }
    }

    /** Of three algorithms one wants too much work space; the others are timed. */
    @Test
    void tuningKeepsTheFastest() {
        try (DeviceBuffer memory = gpu.pool.allocate(1 << 20, "test")) {
            gpu.stream.fill(memory.address(), (byte) 0, memory.bytes());
            cublas.multiply(gpu.stream, product(memory, 4));
            assertThat(stub("stub_lastAlgorithm")).isZero();
            assertThat(cublas.tune(gpu.stream, product(memory, 4)).orElseThrow()).isNotNegative();
            assertThat(stub("stub_lastAlgorithm")).as("the last that was timed").isEqualTo(1);
            cublas.multiply(gpu.stream, product(memory, 4));
            gpu.stream.synchronize();
        }
    }

    @Test
    void whatTheLibraryCannotDoIsFalseAndWhatItRefusesIsTyped() {
        try (DeviceBuffer memory = gpu.pool.allocate(1 << 12, "test")) {
            final HalfProduct.Shape odd = new HalfProduct.Shape(1, 2, 7);
            assertThat(cublas.multiply(gpu.stream, HalfProduct.dense(DType.F16, DType.F32, memory.address(), memory.address(), memory.address() + 256, odd))).isFalse();
            assertThat(cublas.tune(gpu.stream, HalfProduct.dense(DType.F16, DType.F32, memory.address(), memory.address(), memory.address() + 256, odd))).isEmpty();
            assertThatThrownBy(() -> cublas.multiply(gpu.stream, HalfProduct.dense(DType.F16, DType.F32, memory.address(), memory.address(), memory.address(),
                    new HalfProduct.Shape(1, 1 << 20, 8)))).isInstanceOf(LibraryException.class).hasMessage("cublasLtMatmul: CUBLAS_STATUS_INVALID_VALUE (7)");
            assertThatThrownBy(() -> HalfProduct.dense(DType.Q8_0, DType.F32, 0, 0, 0, odd)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> HalfProduct.dense(DType.F16, DType.BF16, 0, 0, 0, odd)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> new HalfProduct(DType.F16, DType.F16, 0, 0, 0, odd, 6, 2)).hasMessageContaining("rows overlap");
        }
    }

    @Test
    void goesIntoGraphs() {
        final HalfProduct.Shape shape = new HalfProduct.Shape(1, 1, 8);
        try (DeviceBuffer w = halves(DType.BF16, new float[] {1, 1, 1, 1, 1, 1, 1, 1}, 0); DeviceBuffer x = halves(DType.BF16, new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 0);
                DeviceBuffer y = gpu.floats(0)) {
            final HalfProduct product = HalfProduct.dense(DType.BF16, DType.F32, w.address(), x.address(), y.address(), shape);
            cublas.multiply(gpu.stream, product);
            try (CudaGraph graph = CudaGraph.capture(gpu.stream, () -> cublas.multiply(gpu.stream, product))) {
                gpu.stream.fill(y.address(), (byte) 0, 4);
                graph.launch(gpu.stream);
                assertThat(gpu.read(y)).containsExactly(36);
            }
        }
    }

    @Test
    void withoutTheLibraryThereIsNone() {
        assertThat(LibrarySearch.find(List.of("libno-such-thing.so.13"), List.of(Path.of("/no/such/folder")))).isEmpty();
    }

    private static HalfProduct product(final DeviceBuffer memory, final int rows) {
        return HalfProduct.dense(DType.F16, DType.F32, memory.address(), memory.address(1 << 12, 1), memory.address(1 << 18, 1), new HalfProduct.Shape(rows, 8, 8));
    }

    /** Numbers whose products and sums are exact in any order and in both halves. */
    private static float[] whole(final Random random, final int count) {
        final float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextInt(3) - 1;
        }
        return values;
    }

    private DeviceBuffer halves(final DType type, final float[] values, final long shift) {
        final DeviceBuffer buffer = gpu.pool.allocate(shift + values.length * 2L, "test");
        try (PinnedSlab slab = PinnedSlab.allocate(gpu.context, values.length * 2L)) {
            for (int i = 0; i < values.length; i++) {
                slab.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, type == DType.BF16 ? Half.bf16FromFloat(values[i]) : Half.fromFloat(values[i]));
            }
            gpu.stream.copyToDevice(buffer.address() + shift, slab.segment());
            gpu.stream.synchronize();
        }
        return buffer;
    }

    private float[] read(final DeviceBuffer buffer, final DType type) {
        try (PinnedSlab slab = PinnedSlab.allocate(gpu.context, buffer.bytes())) {
            gpu.stream.copyToHost(slab.segment(), buffer.address());
            gpu.stream.synchronize();
            final MemorySegment memory = slab.segment();
            final float[] values = new float[(int) (buffer.bytes() / (type == DType.F32 ? 4 : 2))];
            for (int i = 0; i < values.length; i++) {
                values[i] = value(type, type == DType.F32 ? memory.getAtIndex(ValueLayout.JAVA_INT, i) : memory.getAtIndex(ValueLayout.JAVA_SHORT, i));
            }
            return values;
        }
    }

    private static float value(final DType type, final int bits) {
        return switch (type) {
            case F32 -> Float.intBitsToFloat(bits);
            case BF16 -> Half.bf16ToFloat((short) bits);
            default -> Half.toFloat((short) bits);
        };
    }
}
