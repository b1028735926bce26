package io.spillway.gateway.responses;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/** Responses in the memory of this process: gone when it ends, and unknown to other replicas. Any thread. */
final class MemoryStore implements ResponseStore {
    private final Limits limits;
    private final EpochClock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<TenantId, Shelf> shelves = new HashMap<>();
    private long bytes;

    /** A document and when it was last used. */
    private static final class Kept {
        private final byte[] document;
        private long usedMillis;

        Kept(final byte[] document, final long usedMillis) {
            this.document = document;
            this.usedMillis = usedMillis;
        }
    }

    /** What one tenant has, the longest unused first. Guarded by {@link #lock}. */
    private static final class Shelf {
        private final LinkedHashMap<String, Kept> documents = new LinkedHashMap<>(16, 0.75f, true);
        private long bytes;
    }

    MemoryStore(final Limits limits, final EpochClock clock) {
        this.limits = requireNonNull(limits, "limits");
        this.clock = requireNonNull(clock, "clock");
    }

    @Override
    public boolean put(final ResponseKey key, final byte[] document) {
        if (document.length > Math.min(limits.tenantBytesMax(), limits.bytesMax())) {
            return false;
        }
        lock.lock();
        try {
            drop(key);
            final Shelf shelf = shelves.computeIfAbsent(key.tenant(), none -> new Shelf());
            shelf.documents.put(key.id(), new Kept(document, clock.epochMillis()));
            shelf.bytes += document.length;
            bytes += document.length;
            shelves.values().forEach(this::dropExpired);
            while (shelf.bytes > limits.tenantBytesMax()) {
                dropEldest(shelf);
            }
            while (bytes > limits.bytesMax()) {
                dropEldest(shelves.values().stream().filter(each -> each != shelf || each.documents.size() > 1)
                    .max(Comparator.comparingLong(each -> each.bytes)).orElseThrow()); // never what was put just now
            }
            shelves.values().removeIf(each -> each.documents.isEmpty());
            return true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<byte[]> get(final ResponseKey key) {
        lock.lock();
        try {
            final Shelf shelf = shelves.get(key.tenant());
            if (shelf == null) {
                return Optional.empty();
            }
            dropExpired(shelf);
            final Kept kept = shelf.documents.get(key.id());
            if (kept == null) {
                return Optional.empty();
            }
            kept.usedMillis = clock.epochMillis();
            return Optional.of(kept.document);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean remove(final ResponseKey key) {
        lock.lock();
        try {
            return drop(key);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean shared() {
        return false;
    }

    /** @return bytes of all documents */
    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    private boolean drop(final ResponseKey key) {
        final Shelf shelf = shelves.get(key.tenant());
        final Kept gone = shelf == null ? null : shelf.documents.remove(key.id());
        if (gone == null) {
            return false;
        }
        forget(shelf, gone);
        return true;
    }

    private void dropExpired(final Shelf shelf) {
        final long unusedSince = clock.epochMillis() - limits.keptMillis();
        final Iterator<Kept> eldest = shelf.documents.values().iterator();
        while (eldest.hasNext()) {
            final Kept kept = eldest.next();
            if (kept.usedMillis > unusedSince) {
                return;
            }
            eldest.remove();
            forget(shelf, kept);
        }
    }

    private void dropEldest(final Shelf shelf) {
        final Iterator<Kept> eldest = shelf.documents.values().iterator();
        final Kept kept = eldest.next();
        eldest.remove();
        forget(shelf, kept);
    }

    private void forget(final Shelf shelf, final Kept gone) {
        shelf.bytes -= gone.document.length;
        bytes -= gone.document.length;
    }
}
