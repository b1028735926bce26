package io.spillway.node.cuda.model;

import java.util.List;

/**
 * One or several matrices that meet the same input and whose results stand side by side in a row: one where their formats agree, else a part each.
 *
 * @param parts   from left to right
 * @param outputs results of a row
 */
record Projection(List<Part> parts, int outputs) {
    /**
     * @param offset where its results begin in a row
     * @param bias   address of [rows] f32; 0: none
     */
    record Part(DeviceMatrix matrix, int offset, long bias) { }

    Projection {
        parts = List.copyOf(parts);
    }

    /** @return whether a part is of a quantised format */
    boolean hasPacked() {
        return parts.stream().anyMatch(part -> !part.matrix().isPlain());
    }

    /** @return whether it is one product */
    boolean isOne() {
        return parts.size() == 1;
    }
}
