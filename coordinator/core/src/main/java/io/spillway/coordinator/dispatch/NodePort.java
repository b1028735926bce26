package io.spillway.coordinator.dispatch;

import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import java.util.function.Consumer;

/** Port: sends a request to an engine node. Implemented over gRPC in {@code coordinator.server} and by a fake in simulation. */
public interface NodePort {
    /**
     * Starts a generation on a node. Never blocks.
     *
     * @param listener receives the node's events in order, one at a time, on a thread of the port. A lost node or connection
     *                 is {@code Failed(NODE_LOST)}. Exactly one terminal event comes, unless {@link Call#cancel()} was called
     *                 first, after which none may come.
     */
    Call generate(NodeDescriptor node, long epoch, GenerationRequest request, Consumer<GenerationEvent> listener);

    /** A running generation. */
    interface Call {
        /** Tells the node to stop; frees its blocks soon. Idempotent; any thread. */
        void cancel();
    }
}
