package io.spillway.coordinator.batch;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;

/**
 * Who works on a batch and which results count. Results stand in segments, one per claim: of each segment the first so many
 * records count, and no others. The count of a claim that has passed on never changes again, so whatever its late owner still
 * writes is not there.
 *
 * @param owner    who claimed it last; "" = nobody yet
 * @param epoch    number of the last claim; 0 = none
 * @param segments those of which records count, in the order of their epochs
 */
public record BatchWork(String owner, long epoch, List<Segment> segments) {
    /** Nobody works on it. */
    static final BatchWork NONE = new BatchWork("", 0, List.of());

    /** The first {@code records} of the segment written under claim {@code epoch}. */
    public record Segment(long epoch, int records) {
    }

    public BatchWork {
        requireNonNull(owner, "owner");
        segments = List.copyOf(segments);
    }

    /** @return how many records count in all: each accounts for one line */
    public int accounted() {
        return segments.stream().mapToInt(Segment::records).sum();
    }

    /** @return how many records of that claim's segment count */
    public int accounted(final long ofEpoch) {
        return segments.stream().filter(segment -> segment.epoch() == ofEpoch).mapToInt(Segment::records).sum();
    }

    BatchWork claimed(final String newOwner) {
        return new BatchWork(newOwner, epoch + 1, segments);
    }

    /** @param records more that count, of the current claim's segment */
    BatchWork grown(final int records) {
        final List<Segment> grown = new ArrayList<>(segments);
        if (!grown.isEmpty() && grown.getLast().epoch() == epoch) {
            grown.set(grown.size() - 1, new Segment(epoch, grown.getLast().records() + records));
        } else if (records > 0) {
            grown.add(new Segment(epoch, records));
        }
        return new BatchWork(owner, epoch, grown);
    }
}
