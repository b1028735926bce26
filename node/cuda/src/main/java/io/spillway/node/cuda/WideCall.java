package io.spillway.node.cuda;

import java.util.List;

/**
 * Kernels that multiply matrices of halves by many rows on Hopper's warpgroups (sm_90a alone), and how each is launched: image {@code matrix}.
 * Longs are device addresses. Values only; any thread.
 */
public sealed interface WideCall extends KernelCall {
    /** Bytes of f32 sums that split products may need. */
    long WORKSPACE_BYTES = 32L << 20;

    /**
     * A product, split over its columns where it has too few tiles for the processors.
     *
     * @param workspace  {@link #WORKSPACE_BYTES} that no other launch uses meanwhile
     * @param processors of the device
     * @return what to launch, in this order
     */
    static List<KernelCall> of(final Product product, final long workspace, final int processors) {
        final Gemm gemm = Gemm.of(product, workspace, processors);
        return gemm.splits == 1 ? List.of(gemm) : List.of(gemm, new FinishSplits(product, workspace, gemm.splits));
    }

    /**
     * The product, or, with several splits, the sums of each.
     *
     * @param parts  [splits][rows][outputs] f32; one split: not used
     * @param splits of the columns; each has some
     */
    record Gemm(Product product, long parts, int processors, int splits) implements WideCall {
        private static final int WIDE_THREADS = 384;
        private static final int TILE_OUTPUTS = 128;
        private static final int DEPTH = 64;
        private static final int STEPS_LEAST = 8;
        private static final int SPLITS_MAX = 8;
        private static final int LEAVING_BYTES = 20480;
        private static final int BARRIERS_BYTES = 16;

        /** Shapes of tiles. */
        private enum Tile {
            R64(64, 8), R128(128, 6), R256(256, 4);

            private final int rows;
            private final int stages;

            Tile(final int rows, final int stages) {
                this.rows = rows;
                this.stages = stages;
            }

            static Tile of(final Product p) {
                final int rows = p.experts().exist() ? p.experts().tileRows() : p.rows();
                final Tile tile = rows <= R64.rows ? R64 : rows <= R128.rows ? R128 : R256;
                if (p.experts().exist() && rows != tile.rows) {
                    throw new IllegalArgumentException("no GPU kernel takes pieces of " + rows + " rows");
                }
                return tile;
            }

            int sharedBytes() {
                return stages * ((TILE_OUTPUTS + rows) * DEPTH * Short.BYTES + BARRIERS_BYTES) + LEAVING_BYTES;
            }
        }

        static Gemm of(final Product p, final long parts, final int processors) {
            final int steps = Math.ceilDiv(p.columns(), DEPTH);
            final long bytes = (long) p.rows() * p.outputs() * Float.BYTES;
            final int wanted = p.experts().exist() ? 1
                    : (int) Math.clamp(Math.min(Math.min(processors / tiles(p), steps / STEPS_LEAST), WORKSPACE_BYTES / bytes), 1, SPLITS_MAX);
            return new Gemm(p, parts, processors, Math.ceilDiv(steps, Math.ceilDiv(steps, wanted)));
        }

        /** Tiles of a split, at most. */
        private static int tiles(final Product p) {
            final Tile tile = Tile.of(p);
            return Math.ceilDiv(p.outputs(), TILE_OUTPUTS) * (p.experts().exist() ? p.experts().piecesMax() : Math.ceilDiv(p.rows(), tile.rows));
        }

        @Override
        public KernelLaunch launch() {
            final Product p = product;
            final ExpertRows e = p.experts();
            final Tile tile = Tile.of(p);
            return KernelLaunch.of("gemm_wide_" + p.halfName() + "_" + tile.rows, Extent.of(Math.min(processors, tiles(p) * splits)), WIDE_THREADS, p.matrix(),
                    p.in(), p.out(), p.bias(), e.work(), e.lists(), e.counts(), parts, e.listStride(), e.entriesPerRow(), p.rows(), p.outputs(), p.columns(),
                    p.inStride(), p.outStride(), p.output().ordinal(), splits).withShared(tile.sharedBytes()).overlapping();
        }
    }

    /** Adds up the sums of splits, in their order. @param parts as {@link Gemm} wrote them */
    record FinishSplits(Product product, long parts, int splits) implements WideCall {
        private static final int FINISH_THREADS = 128;
        private static final int EIGHT = 8;

        @Override
        public KernelLaunch launch() {
            final Product p = product;
            return KernelLaunch.of("finish_splits", new Extent(Math.ceilDiv(p.width(), EIGHT * FINISH_THREADS), p.rows(), 1), FINISH_THREADS, parts, p.out(),
                    p.bias(), splits, p.rows(), p.outputs(), p.outStride(), p.output().ordinal(), p.isBf16() ? 1 : 0).overlapping();
        }
    }
}
