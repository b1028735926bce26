package io.spillway.node.nativekernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.compute.Tensor;
import java.util.Arrays;
import java.util.List;

/** What this machine can run, and how results are compared. */
final class Variants {
    private Variants() {
    }

    /** @return the variants that run here; all, for tests to pass by, without a library */
    static List<InstructionSet> toTest() {
        final List<InstructionSet> here = Arrays.stream(InstructionSet.values()).filter(InstructionSet::runsHere).toList();
        return here.isEmpty() ? List.of(InstructionSet.values()) : here;
    }

    static void assertSameBits(final Tensor actual, final Tensor expected) {
        for (int i = 0; i < expected.values().length; i++) {
            final float a = actual.values()[i];
            final float e = expected.values()[i];
            if (Float.floatToRawIntBits(a) != Float.floatToRawIntBits(e)) {
                assertThat(Float.floatToRawIntBits(a)).as("row %d, column %d: %s, expected %s", i / expected.width(), i % expected.width(), a, e)
                        .isEqualTo(Float.floatToRawIntBits(e));
            }
        }
    }
}
