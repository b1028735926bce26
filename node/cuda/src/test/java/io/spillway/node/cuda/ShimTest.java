package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The shim really synchronises, finds what is wrong, and goes on afterwards. */
class ShimTest {
    private static Shim shim;

    @BeforeAll
    static void load() {
        shim = Shim.load();
    }

    private static void launch(final Shim on, final String kernel, final int blocks, final int threads, final Object... values) {
        on.launch(KernelLaunch.of(kernel, Extent.of(blocks), threads, values));
    }

    @ParameterizedTest
    @CsvSource({
        "barrier_not_for_all, deadlock: thread 0 waits at the barrier",
        "two_barriers, threads meet at different barriers",
        "shuffle_from_absent_lane, a shuffle reads a lane that its mask leaves out",
        "lane_outside_mask, a warp operation is called by a lane that its mask leaves out",
        "lane_does_not_come, deadlock: thread 0 waits at the warp operation",
        "writes_before, access to memory that is not the kernel's",
        "writes_behind_shared, written behind shared array 0",
        "too_much_shared, more than 48 KiB of static shared memory"})
    void faultsEndTheLaunchAndSayWhat(final String kernel, final String problem) {
        try (DeviceMemory memory = new DeviceMemory(shim)) {
            final MemorySegment out = memory.bytes(4 * 32);
            assertThatThrownBy(() -> launch(shim, kernel, 1, 32, out.address())).isInstanceOf(KernelFailedException.class)
                .hasMessageStartingWith("kernel " + kernel + ": ").hasMessageContaining(problem).hasMessageContaining("block (0, 0, 0)");
            assertThatThrownBy(() -> launch(shim, "writes_behind", 1, 32, out.address(), 32)).hasMessageContaining("access to memory");
        }
        warpsExchangeEverything();
    }

    @Test
    void warpsExchangeEverything() {
        for (final Shim on : List.of(shim, shim.reversed())) {
            try (DeviceMemory memory = new DeviceMemory(on)) {
                final MemorySegment out = memory.bytes(2 * 32 * 32 * 4);
                launch(on, "all_to_all", 2, 32, out.address());
                final int[] values = DeviceMemory.ints(out);
                for (int i = 0; i < values.length; i++) {
                    assertThat(values[i]).isEqualTo(i % 32 * 3 + (1 << i % 32));
                }
            }
        }
    }

    /** A missing barrier shows: forwards and in reverse give different results. */
    @Test
    void racesShowInReverse() {
        try (DeviceMemory memory = new DeviceMemory(shim)) {
            final MemorySegment forwards = memory.bytes(64 * 4);
            final MemorySegment backwards = memory.bytes(64 * 4);
            launch(shim, "races", 1, 64, forwards.address());
            launch(shim.reversed(), "races", 1, 64, backwards.address());
            assertThat(forwards.mismatch(backwards)).isNotEqualTo(-1);
        }
    }

    @Test
    void launchesThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> launch(shim, "no_such", 1, 32)).hasMessage("kernel no_such: there is none of this name");
        assertThatThrownBy(() -> launch(shim, "races", 1, 64)).hasMessage("kernel races: takes 1 arguments, not 0");
        assertThatThrownBy(() -> launch(shim, "races", 1, 64, 7)).hasMessageContaining("argument 0 has another size");
        assertThatThrownBy(() -> launch(shim, "races", 1, 2048, 7L)).hasMessageContaining("beyond the limits");
        assertThatThrownBy(() -> launch(shim, "races", 1, 64, "7")).isInstanceOf(IllegalArgumentException.class);
    }

    /** Every half there is, and halfway cases between them. */
    @Test
    void halvesAreConvertedAsJavaDoes() {
        final int count = 1 << 16;
        final short[] halves = new short[count];
        final float[] between = new float[2 * count];
        final Random random = new Random(1);
        for (int i = 0; i < count; i++) {
            halves[i] = (short) i;
            final float value = Float.float16ToFloat((short) i);
            between[2 * i] = (value + Float.float16ToFloat((short) (i + 1))) / 2;
            between[2 * i + 1] = Float.intBitsToFloat(random.nextInt());
        }
        try (DeviceMemory memory = new DeviceMemory(shim)) {
            final MemorySegment in = memory.copy(MemorySegment.ofArray(halves));
            final MemorySegment floats = memory.bytes(count * 4L);
            final MemorySegment back = memory.bytes(count * 2L);
            launch(shim, "convert_halves", count / 256, 256, in.address(), floats.address(), back.address(), count);
            final MemorySegment rounded = memory.bytes(count * 4L);
            launch(shim, "round_halves", 2 * count / 256, 256, memory.of(between).address(), rounded.address(), 2 * count);
            for (int i = 0; i < count; i++) {
                final float expected = Float.float16ToFloat((short) i);
                assertThat(Float.compare(floats.getAtIndex(ValueLayout.JAVA_FLOAT, i), expected)).isZero();
                assertThat(Float.isNaN(expected) || back.getAtIndex(ValueLayout.JAVA_SHORT, i) == (short) i).isTrue();
            }
            for (int i = 0; i < 2 * count; i++) {
                assertThat(Float.isNaN(between[i]) || rounded.getAtIndex(ValueLayout.JAVA_SHORT, i) == Float.floatToFloat16(between[i]))
                    .as("%s", between[i]).isTrue();
            }
        }
    }
}
