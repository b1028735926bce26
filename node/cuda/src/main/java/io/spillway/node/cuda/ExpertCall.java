package io.spillway.node.cuda;

import io.spillway.node.compute.DType;

/**
 * Kernels around the products of experts, and how each is launched: image {@code matrix}. A layer is: the router's product to f32 scores;
 * {@link Route}; {@link ListRows}; the gated product with {@link ExpertRows}; the down product by entry to f32; {@link Sum}. Longs are device
 * addresses. Values only; any thread.
 */
public sealed interface ExpertCall extends KernelCall {
    /** Most experts of a layer. */
    int EXPERTS_MAX = 512;
    /** Most experts that a row uses. */
    int CHOSEN_MAX = 32;

    /**
     * Which experts a row uses, and what each counts, as {@link io.spillway.node.model.ExpertChoice} says; where scores are NaN, some.
     *
     * @param scores     [rows][experts] f32
     * @param positions  [rows] ints, negative where a row only fills up: it gets no experts; or 0
     * @param chosen     [rows][chosenCount] ints
     * @param weights    [rows][chosenCount] f32
     * @param againstAll whether weights are shares of the probability of all experts
     */
    record Route(long scores, long positions, long chosen, long weights, int rows, int experts, int chosenCount, boolean againstAll) implements ExpertCall {
        public Route {
            if (experts < 1 || experts > EXPERTS_MAX || chosenCount < 1 || chosenCount > Math.min(experts, CHOSEN_MAX)) {
                throw new IllegalArgumentException("GPU kernels choose up to " + CHOSEN_MAX + " of up to " + EXPERTS_MAX + " experts, not " + chosenCount
                        + " of " + experts);
            }
        }

        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("route_experts", Extent.of(Math.ceilDiv(rows, THREADS / WARP)), THREADS, scores, positions, chosen, weights, rows, experts,
                    chosenCount, againstAll ? 1 : 0).overlapping();
        }
    }

    /** Which rows every expert gets. @param chosen as Route wrote it; ended an int that is 0 before the first launch, and then left to these */
    record ListRows(ExpertRows into, long chosen, long ended, int rows, int experts, int chosenCount) implements ExpertCall {
        private static final int LIST_THREADS = 1024;

        public ListRows {
            if (rows > into.listStride() || into.piecesMax() < ExpertRows.piecesMax(rows, chosenCount, experts, into.tileRows())) {
                throw new IllegalArgumentException("lists of " + into.listStride() + " rows in " + into.piecesMax() + " pieces do not hold " + rows + " rows");
            }
        }

        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("list_experts", Extent.of(experts), LIST_THREADS, chosen, into.lists(), into.counts(), into.work(), ended, rows * chosenCount,
                    into.listStride(), into.tileRows()).overlapping();
        }
    }

    /**
     * What the experts of a row found, weighed.
     *
     * @param parts  [rows][chosenCount][width] f32
     * @param out    [rows][width]
     * @param output HALF, FLOAT or ADD
     */
    record Sum(DType half, long parts, long chosen, long weights, long out, int rows, int chosenCount, int width, ProductOutput output)
            implements ExpertCall {
        public Sum {
            if (output.isGated()) {
                throw new IllegalArgumentException("a sum of experts is not gated");
            }
        }

        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("sum_experts", new Extent(Math.ceilDiv(width, THREADS), rows, 1), THREADS, parts, chosen, weights, out, chosenCount, width,
                    output.ordinal(), KernelCall.isBf16(half)).overlapping();
        }
    }
}
