package io.spillway.node.engine;

import io.spillway.kvstore.service.BlockStore;

/** What the block store has answered to a call. Made on the store's threads. */
sealed interface StoreAnswer {
    /** What it has. */
    record LookedUp(StoreCall call, BlockStore.Found found) implements StoreAnswer {
    }

    /** What it has brought. @param atNanos when the store was done, however long the engine was busy then */
    record Arrived(StoreCall call, StoreCall.Target target, BlockStore.Onboarded onboarded, long atNanos) implements StoreAnswer {
    }
}
