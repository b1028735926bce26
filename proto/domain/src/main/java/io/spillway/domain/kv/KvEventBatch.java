package io.spillway.domain.kv;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.NodeId;
import java.util.List;

/**
 * Consecutive events of one source. Event {@code i} has sequence number {@code firstSequence + i}; numbers start at 1 and
 * have no gaps within an epoch. A follower that sees a gap asks for a snapshot.
 *
 * @param epoch    the source's registration epoch: a restart is a new one, and forgets all before it
 * @param snapshot true: {@code events} is all that the source holds as of {@code firstSequence - 1} (BlockStored only), and
 *                 the next batch starts at {@code firstSequence}; false: changes
 */
public record KvEventBatch(NodeId source, long epoch, long firstSequence, boolean snapshot, List<KvEvent> events) {
    public KvEventBatch {
        requireNonNull(source, "source");
        if (firstSequence < 1) {
            throw new IllegalArgumentException("firstSequence starts at 1: " + firstSequence);
        }
        events = List.copyOf(events);
    }

    /** @return sequence number that the next batch of this source must start with */
    public long nextSequence() {
        return snapshot ? firstSequence : firstSequence + events.size();
    }
}
