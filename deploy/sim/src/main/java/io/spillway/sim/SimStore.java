package io.spillway.sim;

import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.Tier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A block store: takes what engines offload, drops the oldest when it is full. */
final class SimStore extends SimMember {
    private static final int BLOCKS_MAX = 120;

    private final Map<BlockHash, BlockHash> parents = new LinkedHashMap<>();

    SimStore(final Simulation sim, final NodeDescriptor descriptor) {
        super(sim, descriptor);
    }

    void offload(final BlockHash hash, final BlockHash parent) {
        if (!alive() || parents.putIfAbsent(hash, parent) != null) {
            return;
        }
        feed.add(new KvEvent.BlockStored(hash, parent, Tier.HOST));
        if (parents.size() > BLOCKS_MAX) {
            final BlockHash oldest = parents.keySet().iterator().next();
            parents.remove(oldest);
            feed.add(new KvEvent.BlockRemoved(oldest, Tier.HOST));
        }
    }

    /** @return leading blocks of a chain that are here */
    int run(final List<BlockHash> chain) {
        int run = 0;
        while (alive() && run < chain.size() && parents.containsKey(chain.get(run))) {
            run++;
        }
        return run;
    }

    @Override
    List<KvEvent> held() {
        final List<KvEvent> all = new ArrayList<>();
        parents.forEach((hash, parent) -> all.add(new KvEvent.BlockStored(hash, parent, Tier.HOST)));
        return all;
    }

    @Override
    void onCrash() {
        parents.clear();
    }
}
