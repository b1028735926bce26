package io.spillway.node.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width of this process: the machine's preferred one, at most the 16 lanes of a panel. The system property
 * {@code spillway.vector.bits} (128, 256 or 512) narrows it, for tests: results do not depend on it.
 */
final class VectorWidth {
    private static final String PROPERTY = "spillway.vector.bits";
    static final VectorSpecies<Float> FLOATS = choose();

    private VectorWidth() {
    }

    /** @return the width and who chose it */
    static String describe() {
        final boolean told = Integer.getInteger(PROPERTY) != null;
        return FLOATS.vectorBitSize() + " bits (" + (told ? "by " + PROPERTY : "this machine's preference") + ")";
    }

    private static VectorSpecies<Float> choose() {
        final int bits = Integer.getInteger(PROPERTY, FloatVector.SPECIES_PREFERRED.vectorBitSize());
        if (bits >= 512) {
            return FloatVector.SPECIES_512;
        }
        return bits >= 256 ? FloatVector.SPECIES_256 : FloatVector.SPECIES_128;
    }
}
