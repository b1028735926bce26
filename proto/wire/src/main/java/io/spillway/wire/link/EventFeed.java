package io.spillway.wire.link;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.domain.kv.Tier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Numbers a member's KV events and lets any number of followers read them at their own pace.
 *
 * <p>Keeps the newest events in a ring, and beside it what they add up to, so that a follower that is new or too slow gets
 * a snapshot that fits its next event exactly. Appended to from any thread; a short lock orders everything.
 */
public final class EventFeed {
    private final Object lock = new Object();
    private final NodeId source;
    private final KvEvent[] ring;
    private final Map<BlockHash, Held> held = new LinkedHashMap<>();
    private long epoch;
    private long nextSequence = 1;
    private long firstKept = 1;
    private Runnable onAppend = () -> { };

    /** @param ringEvents events a follower may lag behind before it gets a snapshot instead */
    public EventFeed(final NodeId source, final int ringEvents) {
        this.source = source;
        this.ring = new KvEvent[ringEvents];
    }

    /** @param listener runs after every append, on the appending thread; must be cheap */
    public void onAppend(final Runnable listener) {
        synchronized (lock) {
            onAppend = listener;
        }
    }

    /** Numbers one more event. Any thread; events of one block must be appended in the order they happened. */
    public void append(final KvEvent event) {
        final Runnable listener;
        synchronized (lock) {
            apply(event);
            ring[(int) (nextSequence % ring.length)] = event;
            nextSequence++;
            firstKept = Math.max(firstKept, nextSequence - ring.length);
            listener = onAppend;
        }
        listener.run();
    }

    /** Starts over under a new registration: numbers begin at 1 again, what is held stays. Old cursors get a snapshot. */
    public void beginEpoch(final long newEpoch) {
        synchronized (lock) {
            epoch = newEpoch;
            nextSequence = 1;
            firstKept = 1;
        }
    }

    /** @return a reader that begins with a snapshot; use by one thread at a time */
    public Cursor cursor() {
        return new Cursor();
    }

    /** @return blocks held in any tier */
    public int heldBlocks() {
        synchronized (lock) {
            return held.size();
        }
    }

    private void apply(final KvEvent event) {
        switch (event) {
            case KvEvent.BlockStored(BlockHash hash, BlockHash parent, Tier tier) ->
                held.computeIfAbsent(hash, key -> new Held(parent)).tiers |= bit(tier);
            case KvEvent.BlockRemoved(BlockHash hash, Tier tier) -> held.computeIfPresent(hash, (key, block) -> {
                block.tiers &= ~bit(tier);
                return block.tiers == 0 ? null : block;
            });
            case KvEvent.AllBlocksCleared() -> held.clear();
        }
    }

    private static int bit(final Tier tier) {
        return 1 << tier.number();
    }

    private static final class Held {
        private final BlockHash parent;
        private int tiers;

        private Held(final BlockHash parent) {
            this.parent = parent;
        }
    }

    /** One follower's position. */
    public final class Cursor {
        private long cursorEpoch = -1;
        private long next;
        private boolean wantsSnapshot = true;

        private Cursor() {
        }

        /** The follower saw a gap: the next read is a snapshot. */
        public void reset() {
            wantsSnapshot = true;
        }

        /**
         * @param eventsMax most events of a batch of changes; a snapshot is always whole
         * @return the next batch; null when there is nothing new
         */
        public KvEventBatch poll(final int eventsMax) {
            synchronized (lock) {
                if (wantsSnapshot || cursorEpoch != epoch || next < firstKept) {
                    return snapshot();
                }
                final int count = (int) Math.min(eventsMax, nextSequence - next);
                if (count == 0) {
                    return null;
                }
                final List<KvEvent> events = new ArrayList<>(count);
                for (int i = 0; i < count; i++) {
                    events.add(ring[(int) ((next + i) % ring.length)]);
                }
                final KvEventBatch batch = new KvEventBatch(source, epoch, next, false, events);
                next += count;
                return batch;
            }
        }

        private KvEventBatch snapshot() {
            final List<KvEvent> events = new ArrayList<>(held.size());
            held.forEach((hash, block) -> {
                for (final Tier tier : Tier.values()) {
                    if ((block.tiers & bit(tier)) != 0) {
                        events.add(new KvEvent.BlockStored(hash, block.parent, tier));
                    }
                }
            });
            wantsSnapshot = false;
            cursorEpoch = epoch;
            next = nextSequence;
            return new KvEventBatch(source, epoch, nextSequence, true, events);
        }
    }
}
