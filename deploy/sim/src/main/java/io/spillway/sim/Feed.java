package io.spillway.sim;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvEventBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A member's numbered KV events, and how far each coordinator has been sent them. */
final class Feed {
    private final NodeId source;
    private final Supplier<List<KvEvent>> snapshot;
    private final List<KvEvent> events = new ArrayList<>();
    private final Cursor[] cursors;
    private long epoch;

    private static final class Cursor {
        private long next = 1;
        private boolean wantsSnapshot = true;
    }

    Feed(final NodeId source, final int followers, final Supplier<List<KvEvent>> snapshot) {
        this.source = source;
        this.snapshot = snapshot;
        this.cursors = new Cursor[followers];
        beginEpoch(0);
    }

    void beginEpoch(final long newEpoch) {
        epoch = newEpoch;
        events.clear();
        for (int i = 0; i < cursors.length; i++) {
            cursors[i] = new Cursor();
        }
    }

    void add(final KvEvent event) {
        events.add(event);
    }

    void resync(final int follower) {
        cursors[follower].wantsSnapshot = true;
    }

    /** @return what a follower must be sent next; an empty batch when there is nothing new, which still shows a gap */
    KvEventBatch next(final int follower) {
        final Cursor cursor = cursors[follower];
        final long end = events.size() + 1;
        final KvEventBatch batch = cursor.wantsSnapshot
            ? new KvEventBatch(source, epoch, end, true, snapshot.get())
            : new KvEventBatch(source, epoch, cursor.next, false, events.subList((int) cursor.next - 1, (int) end - 1));
        cursor.wantsSnapshot = false;
        cursor.next = end;
        return batch;
    }
}
