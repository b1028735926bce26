package io.spillway.kvstore.service;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Rendezvous hashing: which store keeps a chain. When a store comes or goes only its own share moves. Pure. */
final class Rendezvous {
    private Rendezvous() {
    }

    /** @return the store for {@code chain}: the same for the same stores, in any order of them */
    static Optional<NodeId> choose(final BlockHash chain, final Collection<NodeId> stores) {
        return stores.stream().max(
            Comparator.<NodeId>comparingLong(store -> score(chain, store) ^ Long.MIN_VALUE)
                .thenComparing(store -> store));
    }

    private static long score(final BlockHash chain, final NodeId store) {
        long mixed = chain.high() ^ Long.rotateLeft(chain.low(), 32);
        for (int i = 0; i < store.value().length(); i++) {
            mixed = mix(mixed + store.value().charAt(i));
        }
        return mix(mixed);
    }

    /** The finalizer of SplitMix64: every input bit reaches every output bit. */
    private static long mix(final long value) {
        long mixed = (value + 0x9E3779B97F4A7C15L);
        mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }
}
