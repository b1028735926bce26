package io.spillway.coordinator.prefix;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.domain.kv.Tier;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Which members hold which blocks, in which tiers. Soft state: a wrong entry costs time, never a wrong token.
 *
 * <p>Each source has a slot. What a source held is forgotten in one step, by retiring its slot and giving it another;
 * {@link #sweep} removes the leftovers later, a few at a time, so that no removal stalls the owner. Memory: see
 * {@code HolderTable} (27 to 54 bytes per block).
 *
 * <p>Single writer and reader: the admission agent's thread.
 */
public final class PrefixIndex {
    private static final int DEVICE = bit(Tier.DEVICE);
    private static final int LOWER = bit(Tier.HOST) | bit(Tier.DISK);

    private final HolderTable table = new HolderTable();
    private final Map<NodeId, Source> sources = new HashMap<>();
    private final SlotTable slots = new SlotTable();
    private final RunFinder finder = new RunFinder();

    /** What applying a batch came to. */
    public enum Applied {
        /** Applied, in whole or the part that was new. */
        OK,
        /** Events are missing before it, nothing was applied: ask the source for a snapshot. */
        GAP,
        /** Older than what is known, nothing was applied. */
        STALE
    }

    /** Takes over a batch of events. The first batch of a source, and of each of its epochs, must be a snapshot. */
    public Applied apply(final KvEventBatch batch) {
        final Source known = sources.get(batch.source());
        if (known != null && batch.epoch() < known.epoch) {
            return Applied.STALE;
        }
        final boolean sameEpoch = known != null && batch.epoch() == known.epoch;
        if (batch.snapshot()) {
            if (sameEpoch && batch.firstSequence() < known.nextSequence) {
                return Applied.STALE;
            }
            replace(batch);
            return Applied.OK;
        }
        if (!sameEpoch || batch.firstSequence() > known.nextSequence) {
            return Applied.GAP;
        }
        final long news = batch.nextSequence() - known.nextSequence;
        if (news <= 0) {
            return Applied.STALE;
        }
        final int size = batch.events().size();
        for (final KvEvent event : batch.events().subList(size - (int) news, size)) {
            apply(batch.source(), known, event);
        }
        known.nextSequence = batch.nextSequence();
        return Applied.OK;
    }

    /** Forgets everything a member holds; its next batch must be a snapshot. */
    public void forget(final NodeId source) {
        final Source known = sources.remove(source);
        if (known != null) {
            slots.retire(known.slot);
        }
    }

    /** @return what each node finds of a chain */
    public PrefixMatches match(final List<BlockHash> chain) {
        finder.begin(slots.count());
        for (int block = 0; block < chain.size() && !finder.done(); block++) {
            boolean lower = false;
            for (final int holder : table.holdersOf(chain.get(block))) {
                final int slot = holder >> HolderTable.TIER_BITS;
                if (slots.owner(slot) != null) {
                    finder.held(slot, block, (holder & DEVICE) != 0);
                    lower |= (holder & LOWER) != 0;
                }
            }
            finder.endBlock(block, lower);
        }
        return finder.matches(chain.size(), slots);
    }

    /**
     * Removes leftovers of forgotten sources from at most {@code entriesMax} entries.
     *
     * @return whether there is more to remove
     */
    public boolean sweep(final int entriesMax) {
        if (slots.sweeping() && table.sweep(entriesMax, slots::isDead)) {
            slots.onSwept();
        }
        return slots.sweeping();
    }

    /** @return distinct blocks known, leftovers included */
    public int blocks() {
        return table.size();
    }

    /** @return members that have told what they hold, each with the epoch it told it under; a copy in id order */
    public SortedMap<NodeId, Long> sources() {
        final SortedMap<NodeId, Long> epochs = new TreeMap<>();
        sources.forEach((id, source) -> epochs.put(id, source.epoch));
        return epochs;
    }

    private void replace(final KvEventBatch batch) {
        forget(batch.source());
        final Source source = new Source(batch.epoch(), slots.take(batch.source()));
        sources.put(batch.source(), source);
        for (final KvEvent event : batch.events()) {
            apply(batch.source(), source, event);
        }
        source.nextSequence = batch.nextSequence();
    }

    private void apply(final NodeId id, final Source source, final KvEvent event) {
        switch (event) {
            case KvEvent.BlockStored stored when stored.tier() == Tier.REMOTE -> {
                // The member that really holds it says so itself.
            }
            case KvEvent.BlockStored(BlockHash hash, BlockHash _, Tier tier) ->
                table.add(hash, source.slot, bit(tier), slots::isDead);
            case KvEvent.BlockRemoved(BlockHash hash, Tier tier) -> table.remove(hash, source.slot, bit(tier));
            case KvEvent.AllBlocksCleared() -> {
                slots.retire(source.slot);
                source.slot = slots.take(id);
            }
        }
    }

    private static int bit(final Tier tier) {
        return 1 << tier.ordinal();
    }

    private static final class Source {
        private final long epoch;
        private int slot;
        private long nextSequence = 1;

        private Source(final long epoch, final int slot) {
            this.epoch = epoch;
            this.slot = slot;
        }
    }
}
