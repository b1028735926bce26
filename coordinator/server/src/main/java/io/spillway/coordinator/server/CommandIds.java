package io.spillway.coordinator.server;

import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/** Ids for proposals: replica, a random number of this life of it, a counter. Any thread. */
final class CommandIds implements Supplier<String> {
    private final String prefix;
    private final AtomicLong next = new AtomicLong();

    /** @param life random; another one for every start of the replica */
    CommandIds(final String replicaId, final long life) {
        prefix = replicaId + "-" + HexFormat.of().toHexDigits(life) + "-";
    }

    @Override
    public String get() {
        return prefix + next.incrementAndGet();
    }
}
