package io.spillway.modelfile;

import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Refuses tensors that share bytes: no writer makes such a file, and a small one could claim to be a huge model. */
final class Overlaps {
    private Overlaps() {
    }

    /** @throws io.spillway.domain.error.SpillwayException INVALID_MODEL_FILE naming two tensors that overlap */
    static void refuse(final Path file, final Collection<TensorEntry> tensors) {
        final List<TensorEntry> sorted = tensors.stream().sorted(Comparator.comparingLong(TensorEntry::offsetBytes)).toList();
        for (int i = 1; i < sorted.size(); i++) {
            final TensorEntry before = sorted.get(i - 1);
            if (before.offsetBytes() + before.sizeBytes() > sorted.get(i).offsetBytes()) {
                throw Refusal.damaged(file, "tensors " + Refusal.quote(before.name()) + " and " + Refusal.quote(sorted.get(i).name())
                        + " lie on the same bytes");
            }
        }
    }
}
