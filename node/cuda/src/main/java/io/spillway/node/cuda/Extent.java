package io.spillway.node.cuda;

/** Blocks of a grid, or threads of a block. All positive. */
public record Extent(int x, int y, int z) {
    public Extent {
        if (x <= 0 || y <= 0 || z <= 0) {
            throw new IllegalArgumentException("an extent must be positive: " + x + " x " + y + " x " + z);
        }
    }

    /** @return x and nothing else */
    public static Extent of(final int x) {
        return new Extent(x, 1, 1);
    }
}
