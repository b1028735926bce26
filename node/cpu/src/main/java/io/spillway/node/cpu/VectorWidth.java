package io.spillway.node.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The vector width of this process: the machine's preferred one, at most the 16 lanes of a panel. */
final class VectorWidth {
    static final VectorSpecies<Float> FLOATS = choose();

    private VectorWidth() {
    }

    private static VectorSpecies<Float> choose() {
        final int bits = Integer.getInteger("spillway.vector.bits", FloatVector.SPECIES_PREFERRED.vectorBitSize());
        if (bits >= 512) {
            return FloatVector.SPECIES_512;
        }
        return bits >= 256 ? FloatVector.SPECIES_256 : FloatVector.SPECIES_128;
    }
}
