package io.spillway.gateway.keys;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.access.KeyChange;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.time.EpochClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Notes in the log when keys were last used: at most once an hour per key, many at a time. What a crash or a lost leader takes away is
 * noted an hour later, at the next use. Any thread.
 */
public final class KeyUses implements Consumer<ApiKey> {
    /** How coarse the note is. */
    public static final long COARSE_MILLIS = TimeUnit.HOURS.toMillis(1);
    private static final int AT_ONCE_MAX = 1_000;
    private static final int WAITING_MAX = 10_000;

    private final ReplicatedLog log;
    private final EpochClock clock;
    private final Supplier<String> commandIds;
    private final Executor soon;
    /** Hash of a key to when this replica saw it used, so that it is proposed once. */
    private final Map<String, Long> seen = new ConcurrentHashMap<>();
    private final Set<String> waiting = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean awaited = new AtomicBoolean();

    /**
     * @param commandIds a new id for each proposal
     * @param soon       runs what it gets a little later, so that uses gather
     */
    public KeyUses(final ReplicatedLog log, final EpochClock clock, final Supplier<String> commandIds, final Executor soon) {
        this.log = log;
        this.clock = clock;
        this.commandIds = commandIds;
        this.soon = soon;
    }

    @Override
    public void accept(final ApiKey key) {
        final long nowMillis = clock.epochMillis();
        if (nowMillis - key.times().lastUsedMillis() < COARSE_MILLIS || waiting.size() >= WAITING_MAX) {
            return;
        }
        final Long before = seen.get(key.sha256Hex());
        if (before != null && nowMillis - before < COARSE_MILLIS) {
            return;
        }
        seen.put(key.sha256Hex(), nowMillis);
        waiting.add(key.sha256Hex());
        if (awaited.compareAndSet(false, true)) {
            soon.execute(this::propose);
        }
    }

    private void propose() {
        awaited.set(false);
        final long nowMillis = clock.epochMillis();
        seen.values().removeIf(millis -> nowMillis - millis >= COARSE_MILLIS);
        final List<String> hashes = new ArrayList<>(waiting);
        hashes.forEach(waiting::remove);
        for (int from = 0; from < hashes.size(); from += AT_ONCE_MAX) {
            log.propose(commandIds.get(), new Command.ChangeKeys(
                new KeyChange.NoteUse(hashes.subList(from, Math.min(hashes.size(), from + AT_ONCE_MAX)))));
        }
    }
}
