package io.spillway.node.compute;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PackedMatrixTest {
    @Test
    void impossibleShapesAreRefused() {
        try (Slab slab = Slab.allocate(64)) {
            assertThatThrownBy(() -> new PackedMatrix(DType.Q8_0, 16, 33, slab.segment())).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> new PackedMatrix(DType.F32, 16, 32, slab.segment())).hasMessageContaining("too short");
        }
    }
}
