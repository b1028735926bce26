package io.spillway.node.stored;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;
import net.jqwik.api.Example;

/** Known numbers, packed as GPTQ, AWQ and FP8 files hold them, are read back. */
class QuantizedTensorsTest {
    private static final String NAME = "model.layers.0.mlp.up_proj.weight";
    private static final String PREFIX = "model.layers.0.mlp.up_proj.";
    private static final String GPTQ = "{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": %d, \"checkpoint_format\": \"%s\"}";
    private static final String AWQ = "{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": %d, \"version\": \"gemm\", \"zero_point\": true}";

    private Path directory;

    @BeforeProperty
    void create() throws IOException {
        directory = Files.createTempDirectory("quantized");
    }

    @AfterProperty
    void delete() throws IOException {
        Files.deleteIfExists(directory.resolve("config.json"));
        Files.deleteIfExists(directory.resolve("model.safetensors"));
        Files.delete(directory);
    }

    private static int[][] random(final Random random, final int rows, final int columns, final int from, final int bound) {
        final int[][] values = new int[rows][columns];
        for (final int[] row : values) {
            for (int i = 0; i < columns; i++) {
                row[i] = from + random.nextInt(bound);
            }
        }
        return values;
    }

    private static float[] halves(final Random random, final int count) {
        final float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = Float.float16ToFloat(Float.floatToFloat16((float) random.nextGaussian() * 0.01f));
        }
        return values;
    }

    private void read(final QuantizedDirectory files, final String config, final Consumer<StoredTensor> check) throws IOException {
        try (ModelSource source = ModelSource.open(files.write(directory, config))) {
            final StoredTensors tensors = new StoredTensors(source);
            assertThat(tensors.has(NAME)).isTrue();
            assertThat(tensors.find("absent.weight")).isEmpty();
            check.accept(tensors.find(NAME).orElseThrow());
        }
    }

    private void assertRefused(final QuantizedDirectory files, final String config, final String... words) throws IOException {
        try (ModelSource source = ModelSource.open(files.write(directory, config))) {
            assertThatThrownBy(() -> new StoredTensors(source).find(NAME)).isInstanceOfSatisfying(SpillwayException.class,
                    e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE)).hasMessageContainingAll(words);
        }
    }

    @Property(tries = 60)
    void gptq(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 9) final int eighths, @ForAll @IntRange(min = 1, max = 6) final int blocks,
            @ForAll @IntRange(min = -1, max = 3) final int group, @ForAll final boolean second, @ForAll final boolean actOrder) throws IOException {
        final Random random = new Random(seed);
        final int rows = 8 * eighths;
        final int columns = 32 * blocks;
        final int groupColumns = group <= 0 ? columns : 32 * group;
        final int groups = Math.ceilDiv(columns, groupColumns);
        final int offset = second ? 0 : 1;
        final int[][] weights = random(random, columns, rows, 0, 16);
        final int[][] zeros = random(random, groups, rows, offset, 16);
        final float[] scales = halves(random, groups * rows);
        final int[] index = new int[columns];
        for (int k = 0; k < columns; k++) {
            index[k] = actOrder ? random.nextInt(groups) : k / groupColumns;
        }
        final QuantizedDirectory files = new QuantizedDirectory().gptq(PREFIX, weights, zeros, offset)
                .floats(PREFIX + "scales", TensorType.F16, scales, groups, rows).ints(PREFIX + "g_idx", index, columns);
        read(files, GPTQ.formatted(group <= 0 ? -1 : groupColumns, second ? "gptq_v2" : "gptq"), tensor -> {
            assertThat(tensor.shape()).containsExactly((long) rows, (long) columns);
            assertThat(tensor.parts()).containsExactlyInAnyOrder(PREFIX + "qweight", PREFIX + "qzeros", PREFIX + "scales", PREFIX + "g_idx");
            for (int n = 0; n < rows; n++) {
                for (int k = 0; k < columns; k++) {
                    final float expected = scales[index[k] * rows + n] * (weights[k][n] - zeros[index[k]][n]);
                    assertThat(tensor.matrix().at(n, k) + 0f).isEqualTo(expected + 0f);
                }
            }
            if (!actOrder) {
                assertThat(tensor.matrix().packedAs()).isEqualTo(DType.Q4_M);
            }
            PackingTest.assertPackedAsStored(tensor.matrix(), false);
        });
    }

    @Property(tries = 60)
    void awq(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 9) final int eighths, @ForAll @IntRange(min = 1, max = 6) final int blocks,
            @ForAll @IntRange(min = -1, max = 3) final int group) throws IOException {
        final Random random = new Random(seed);
        final int rows = 8 * eighths;
        final int columns = 32 * blocks;
        final int groupColumns = group <= 0 ? columns : 32 * group;
        final int groups = Math.ceilDiv(columns, groupColumns);
        final int[][] weights = random(random, columns, rows, 0, 16);
        final int[][] zeros = random(random, groups, rows, 0, 16);
        final float[] scales = halves(random, groups * rows);
        final QuantizedDirectory files = new QuantizedDirectory().awq(PREFIX, weights, zeros)
                .floats(PREFIX + "scales", TensorType.F16, scales, groups, rows);
        read(files, AWQ.formatted(group <= 0 ? -1 : groupColumns), tensor -> {
            assertThat(tensor.matrix().packedAs()).isEqualTo(DType.Q4_M);
            for (int n = 0; n < rows; n++) {
                for (int k = 0; k < columns; k++) {
                    final int g = k / groupColumns;
                    final float expected = scales[g * rows + n] * (weights[k][n] - zeros[g][n]);
                    assertThat(tensor.matrix().at(n, k) + 0f).isEqualTo(expected + 0f);
                }
            }
            PackingTest.assertPackedAsStored(tensor.matrix(), false);
        });
    }

    /** How an FP8 file may scale its weights. */
    enum Scaling { NONE, TENSOR, ROW, TILES }

    @Property(tries = 80)
    void fp8(@ForAll final long seed, @ForAll final Scaling scaling, @ForAll @IntRange(min = 1, max = 70) final int rows,
            @ForAll @IntRange(min = 1, max = 150) final int odd, @ForAll final boolean wholeBlocks) throws IOException {
        final Random random = new Random(seed);
        final int columns = wholeBlocks ? Math.ceilDiv(odd, 32) * 32 : odd;
        final byte[] weights = new byte[rows * columns];
        random.nextBytes(weights);
        final int tileRows = 16;
        final int tileColumns = 64;
        final int gridColumns = scaling == Scaling.TILES ? Math.ceilDiv(columns, tileColumns) : 1;
        final int gridRows = scaling == Scaling.TILES ? Math.ceilDiv(rows, tileRows) : scaling == Scaling.ROW ? rows : 1;
        final float[] scales = halves(random, gridRows * gridColumns);
        final QuantizedDirectory files = new QuantizedDirectory().raw(NAME, TensorType.F8_E4M3, weights, rows, columns);
        if (scaling != Scaling.NONE) {
            files.floats(NAME + (scaling == Scaling.TILES ? "_scale_inv" : "_scale"), TensorType.F32, scales, gridRows, gridColumns);
        }
        final String config = switch (scaling) {
            case NONE -> "";
            case TENSOR -> "{\"quant_method\": \"fp8\", \"fmt\": \"e4m3\", \"activation_scheme\": \"static\"}";
            case ROW -> "{\"quant_method\": \"compressed-tensors\", \"format\": \"float-quantized\", \"config_groups\": {\"group_0\": {\"weights\":"
                    + " {\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"channel\", \"block_structure\": null}}}}";
            case TILES -> "{\"quant_method\": \"fp8\", \"weight_block_size\": [16, 64]}";
        };
        read(files, config, tensor -> {
            assertThat(tensor.matrix().packedAs()).isEqualTo(columns % 32 == 0 ? DType.F8 : DType.F32);
            for (int n = 0; n < rows; n++) {
                for (int k = 0; k < columns; k++) {
                    final float scale = switch (scaling) {
                        case NONE -> 1;
                        case TENSOR -> scales[0];
                        case ROW -> scales[n];
                        case TILES -> scales[n / tileRows * gridColumns + k / tileColumns];
                    };
                    assertThat(tensor.matrix().at(n, k)).isEqualTo(Half.f8ToFloat(weights[n * columns + k]) * scale);
                }
            }
            PackingTest.assertPackedAsStored(tensor.matrix(), false);
        });
    }

    @Example
    void whatIsNotSupportedIsRefusedByName() throws IOException {
        final QuantizedDirectory none = new QuantizedDirectory().floats("a", TensorType.F32, new float[1], 1);
        assertRefused(none, "{\"quant_method\": \"bitsandbytes\"}", "'bitsandbytes'", "gptq");
        assertRefused(none, "{}", "method ''");
        assertRefused(none, "{\"quant_method\": \"gptq\", \"bits\": 3, \"group_size\": 128}", "bits 3");
        assertRefused(none, "{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 48}", "group_size 48");
        assertRefused(none, "{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 0}", "group_size 0");
        assertRefused(none, "{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128, \"checkpoint_format\": \"marlin\"}", "'marlin'");
        assertRefused(none, "{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 128, \"version\": \"gemv\"}", "'gemv'");
        assertRefused(none, "{\"quant_method\": \"fp8\", \"fmt\": \"e5m2\"}", "'e5m2'");
        assertRefused(none, "{\"quant_method\": \"fp8\", \"weight_block_size\": [128, 100]}", "weight_block_size");
        assertRefused(none, "{\"quant_method\": \"compressed-tensors\", \"format\": \"pack-quantized\"}", "'pack-quantized'");
        assertRefused(none, "{\"quant_method\": \"modelopt\", \"quant_algo\": \"NVFP4\"}", "'NVFP4'");
    }

    @Example
    void partsThatContradictEachOtherAreRefused() throws IOException {
        final int[][] weights = new int[64][8];
        final int[][] zeros = {{1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1}};
        final String config = GPTQ.formatted(32, "gptq");
        assertRefused(new QuantizedDirectory().gptq(PREFIX, weights, zeros, 1), config, "scales' is missing");
        assertRefused(new QuantizedDirectory().gptq(PREFIX, weights, zeros, 1).floats(PREFIX + "scales", TensorType.F16, new float[8], 1, 8),
                config, "scales' is F16 [1, 8]", "[2, 8]");
        assertRefused(new QuantizedDirectory().gptq(PREFIX, weights, new int[][] {zeros[0]}, 1), config, "qzeros' is I32 [1, 1]");
        assertRefused(new QuantizedDirectory().gptq(PREFIX, weights, zeros, 1).floats(PREFIX + "scales", TensorType.F16, new float[16], 2, 8)
                .ints(PREFIX + "g_idx", new int[64], 8, 8), config, "g_idx");
        final int[] beyond = new int[64];
        beyond[5] = 2;
        assertRefused(new QuantizedDirectory().gptq(PREFIX, weights, zeros, 1).floats(PREFIX + "scales", TensorType.F16, new float[16], 2, 8)
                .ints(PREFIX + "g_idx", beyond, 64), config, "column 5 into group 2 of 2");
        assertRefused(new QuantizedDirectory().gptq(PREFIX, weights, zeros, 1), "", "no quantization_config");
        assertRefused(new QuantizedDirectory().raw(NAME, TensorType.F8_E4M3, new byte[64], 2, 32), "{\"quant_method\": \"fp8\"}", "no " + NAME + "_scale");
        assertRefused(new QuantizedDirectory().raw(NAME, TensorType.F8_E4M3, new byte[64], 2, 32)
                .floats(NAME + "_scale", TensorType.F32, new float[3], 3), "{\"quant_method\": \"fp8\"}", "fits no weight");
        assertRefused(new QuantizedDirectory().raw(NAME, TensorType.I32, new byte[64], 2, 8), "", "is I32");
    }
}
