package io.spillway.coordinator.ledger;

import io.spillway.coordinator.state.Command.UsageEntry;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps a request that comes again under its old id from being charged again: only what it took beyond its attempts before is. That holds for
 * a few attempts; who goes on under the same id begins to pay anew. Remembers the latest requests; bounded. Single writer.
 */
public final class ChargedOnce {
    /** Attempts that are charged as one. */
    static final int ATTEMPTS_MAX = 4;

    private final Map<Key, Charged> charged;

    /** Ids are the tenant's own. */
    private record Key(TenantId tenant, RequestId id) {
    }

    /** What was charged in how many attempts. */
    private record Charged(UsageEntry entry, int attempts) {
    }

    /** @param requestsMax latest requests remembered */
    public ChargedOnce(final int requestsMax) {
        charged = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(final Map.Entry<Key, Charged> eldest) {
                return size() > requestsMax;
            }
        };
    }

    /** @return what is left to be charged of {@code entry}; empty when all of it was */
    public Optional<UsageEntry> next(final RequestId id, final UsageEntry entry) {
        final Key key = new Key(entry.tenant(), id);
        final Charged known = charged.get(key);
        if (known == null || known.attempts == ATTEMPTS_MAX) {
            charged.put(key, new Charged(entry, 1));
            return Optional.of(entry);
        }
        final UsageEntry before = known.entry;
        charged.put(key, new Charged(new UsageEntry(entry.tenant(), entry.run(), entry.model(), Math.max(before.promptTokens(), entry.promptTokens()),
            Math.max(before.cachedTokens(), entry.cachedTokens()), Math.max(before.outputTokens(), entry.outputTokens()),
            Math.max(before.costNanoDollars(), entry.costNanoDollars())), known.attempts + 1));
        final UsageEntry more = new UsageEntry(entry.tenant(), entry.run(), entry.model(), beyond(entry.promptTokens(), before.promptTokens()),
            beyond(entry.cachedTokens(), before.cachedTokens()), beyond(entry.outputTokens(), before.outputTokens()),
            beyond(entry.costNanoDollars(), before.costNanoDollars()));
        final boolean nothing = (more.promptTokens() | more.cachedTokens() | more.outputTokens() | more.costNanoDollars()) == 0;
        return nothing ? Optional.empty() : Optional.of(more);
    }

    private static long beyond(final long now, final long before) {
        return Math.max(0, now - before);
    }
}
