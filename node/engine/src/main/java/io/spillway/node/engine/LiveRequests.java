package io.spillway.node.engine;

import io.spillway.domain.id.RequestId;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The requests that were accepted and have not ended: at most as many as may run and wait together. Any thread.
 */
final class LiveRequests {
    /** What became of a request that wanted in. */
    enum Entry { ACCEPTED, FULL, DUPLICATE }

    private final ConcurrentHashMap<RequestId, LiveRequest> byId = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicBoolean cancelMarked = new AtomicBoolean();
    private final int liveMax;

    LiveRequests(final int liveMax) {
        this.liveMax = liveMax;
    }

    Entry enter(final LiveRequest live) {
        if (count.incrementAndGet() > liveMax) {
            count.decrementAndGet();
            return Entry.FULL;
        }
        if (byId.putIfAbsent(live.request().id(), live) != null) {
            count.decrementAndGet();
            return Entry.DUPLICATE;
        }
        return Entry.ACCEPTED;
    }

    void leave(final LiveRequest live) {
        if (byId.remove(live.request().id(), live)) {
            count.decrementAndGet();
        }
    }

    /** @return whether there is such a request; it is marked then */
    boolean cancel(final RequestId id) {
        final LiveRequest live = byId.get(id);
        if (live == null) {
            return false;
        }
        live.cancel();
        cancelMarked.set(true);
        return true;
    }

    /** @return whether a request was marked since the last call */
    boolean takeCancelMark() {
        return cancelMarked.get() && cancelMarked.getAndSet(false);
    }

    void forEach(final Consumer<LiveRequest> action) {
        byId.values().forEach(action);
    }

    int count() {
        return count.get();
    }
}
