package io.spillway.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.nativekernels.NativeBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which kernels a node takes, by configuration and by system property. */
class KernelSetTest {
    @AfterEach
    void clear() {
        System.clearProperty(KernelSet.PROPERTY);
    }

    private static String description(final KernelSet set) {
        try (ComputeBackend backend = set.start(1)) {
            return backend.description();
        }
    }

    @Test
    void everySetSaysWhatItIs() {
        assertThat(description(KernelSet.VECTOR)).contains("Vector API").doesNotContain("native");
        assertThat(description(KernelSet.SCALAR)).contains("scalar").contains("configuration");
    }

    @Test
    void autoIsNativeWhereThatIsFaster() {
        assertThat(description(KernelSet.AUTO).startsWith("native kernels")).isEqualTo(NativeBackend.worthwhile());
    }

    @Test
    void nativeNamesItsInstructions() {
        assumeThat(NativeBackend.unavailable()).as("the build found a C compiler").isEmpty();
        assertThat(description(KernelSet.NATIVE)).matches("native kernels: (plain|avx2|avx512-vnni), threads: 1; .*");
    }

    @Test
    void nativeWithoutALibraryIsAnErrorThatSaysWhy() {
        assumeThat(NativeBackend.unavailable()).as("the build found no C compiler").isPresent();
        assertThatThrownBy(() -> KernelSet.NATIVE.start(1)).isInstanceOfSatisfying(SpillwayException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIG)).hasMessageContaining("library");
    }

    @Test
    void thePropertyOverrules() {
        assertThat(KernelSet.AUTO.orProperty()).isEqualTo(KernelSet.AUTO);
        System.setProperty(KernelSet.PROPERTY, "vector");
        assertThat(KernelSet.NATIVE.orProperty()).isEqualTo(KernelSet.VECTOR);
        System.setProperty(KernelSet.PROPERTY, "avx9");
        assertThatThrownBy(KernelSet.AUTO::orProperty).isInstanceOf(SpillwayException.class).hasMessageContaining("auto, vector, native, scalar");
    }
}
