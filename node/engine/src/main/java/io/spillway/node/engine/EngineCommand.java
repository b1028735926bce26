package io.spillway.node.engine;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * What other threads ask of the engine thread. Cancellation is a mark on the request instead: it must never be refused.
 */
sealed interface EngineCommand {
    /** @param chain hashes of the full blocks of the known tokens, computed by the submitting thread */
    record Submit(LiveRequest live, List<BlockHash> chain) implements EngineCommand {
    }

    /** Answers when nothing is left to do. New requests are refused already. */
    record Drain(CompletableFuture<Void> drained) implements EngineCommand {
    }

    /** Answers with what the device holds, between two KV events. */
    record Snapshot(CompletableFuture<List<KvEvent.BlockStored>> held) implements EngineCommand {
    }
}
