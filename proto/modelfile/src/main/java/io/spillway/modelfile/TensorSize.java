package io.spillway.modelfile;

import java.nio.file.Path;
import java.util.List;

/** Sizes of tensors, from shapes that nobody has checked yet. */
final class TensorSize {
    private TensorSize() {
    }

    /**
     * @param shape row-major, outermost first
     * @return stored bytes; at least 1
     * @throws io.spillway.domain.error.SpillwayException for a dimension below 1, an overflow, or a row that is no whole
     *         number of blocks
     */
    static long bytes(final Path file, final String name, final TensorType type, final List<Long> shape) {
        long elements = 1;
        for (final long dimension : shape) {
            if (dimension <= 0 || elements > Long.MAX_VALUE / dimension) {
                throw Refusal.damaged(file, "tensor " + Refusal.quote(name) + " has the impossible shape " + shape);
            }
            elements *= dimension;
        }
        final long rowElements = shape.isEmpty() ? 1 : shape.getLast();
        if (rowElements % type.blockElements() != 0) {
            throw Refusal.damaged(file, "tensor " + Refusal.quote(name) + " has rows of " + rowElements + ", not a multiple of "
                    + type + "'s block of " + type.blockElements());
        }
        if (elements / type.blockElements() > Long.MAX_VALUE / type.blockBytes()) {
            throw Refusal.damaged(file, "tensor " + Refusal.quote(name) + " has the impossible shape " + shape);
        }
        return type.bytesOf(elements);
    }
}
