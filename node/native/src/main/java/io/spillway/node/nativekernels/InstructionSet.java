package io.spillway.node.nativekernels;

import java.util.Optional;

/** The variants of the kernels that one library holds; later ones are faster. */
public enum InstructionSet {
    /** Plain C, for any processor. */
    PLAIN("plain"),
    /** AVX2 with FMA. */
    AVX2("avx2"),
    /** AVX-512 (F, BW, VL, DQ) with VNNI. */
    AVX512("avx512-vnni");

    private final String label;

    InstructionSet(final String label) {
        this.label = label;
    }

    /** @return its name in the start-up log */
    public String label() {
        return label;
    }

    /** @return its number in the library */
    int number() {
        return ordinal();
    }

    /** @return whether the library is there and this machine can run the variant */
    public boolean runsHere() {
        return KernelLibrary.unavailable().isEmpty() && (Kernels.instructionSets() & 1 << number()) != 0;
    }

    /** @return the fastest variant that runs here; empty without a library */
    public static Optional<InstructionSet> fastest() {
        for (int i = values().length - 1; i >= 0; i--) {
            if (values()[i].runsHere()) {
                return Optional.of(values()[i]);
            }
        }
        return Optional.empty();
    }
}
