package io.spillway.coordinator.admission;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import java.util.List;
import java.util.function.Consumer;

/**
 * The door into the cluster: what a gateway hands a request to.
 *
 * <p>Every submitted request ends with exactly one {@code Finished} or {@code Failed} event, refusals included.
 */
public interface RequestLine {
    /**
     * Submits a request. Never blocks and never throws for load: a refusal is a {@code Failed} event.
     *
     * @param listener receives the events in order, one at a time, on a thread of the line; must not block. A line that
     *                 cannot even take the request in says so on the calling thread, before this returns
     */
    Submission submit(GenerationRequest request, Consumer<GenerationEvent> listener);

    /**
     * As {@link #submit(GenerationRequest, Consumer)}, by a caller who has hashed the prompt already.
     *
     * @param chain hashes of the prompt's full blocks, from the request's {@code chainRoot} on, in the model's block length
     */
    default Submission submit(final GenerationRequest request, final List<BlockHash> chain, final Consumer<GenerationEvent> listener) {
        return submit(request, listener);
    }

    /** A request in the line. */
    interface Submission {
        /** Ends the request with {@code Failed(CANCELLED)} unless it has ended. Idempotent; any thread. */
        void cancel();

        /** @return why the request runs where it runs, for people; empty before it was placed */
        String placement();
    }
}
