package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.error.Unworded;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.responses.ResponseHead.Status;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** What is kept of responses, as conversations: which follows which, and what was said in them. Any thread. */
final class Conversations {
    /** A response that nobody has said to be running for so long is lost with the replica that ran it. */
    static final long LOST_MILLIS = 60_000;

    private static final System.Logger LOG = System.getLogger(Conversations.class.getName());

    private final ResponseStore store;
    private final EpochClock clock;

    Conversations(final ResponseStore store, final EpochClock clock) {
        this.store = store;
        this.clock = clock;
    }

    /**
     * What stands before a request.
     *
     * @param items of all earlier responses, input and output, in order
     * @param run   the agent run they belong to
     */
    record Before(List<ObjectNode> items, Optional<RunId> run) {
        static final Before NOTHING = new Before(List.of(), Optional.empty());
    }

    /** @throws SpillwayException when the response, or one that it follows, is not kept, or has not ended */
    Before before(final TenantId tenant, final String previous) {
        final Deque<StoredResponse> chain = new ArrayDeque<>();
        Optional<String> id = Optional.of(previous);
        while (id.isPresent()) {
            final StoredResponse stored = find(tenant, id.get()).orElseThrow(() -> SpillwayException.ofField(
                ErrorCode.PREVIOUS_RESPONSE_NOT_FOUND, "previous_response_id", "Previous response with id '" + previous + "' not found."));
            if (stored.status().running()) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "previous_response_id",
                    "Invalid 'previous_response_id': response '" + id.get() + "' has not ended yet.");
            }
            chain.push(stored);
            id = stored.previous();
        }
        return new Before(chain.stream().flatMap(stored -> stored.items().stream()).toList(),
            Optional.of(chain.getLast().run()).filter(run -> !run.isEmpty()).map(RunId::new));
    }

    /** @return the item of that id, of the response that the id names */
    Optional<ObjectNode> item(final TenantId tenant, final String item) {
        return ItemIds.responseOf(item).flatMap(response -> find(tenant, response)).flatMap(stored -> stored.items().stream()
            .filter(candidate -> candidate.path("id").asText().equals(item)).findFirst());
    }

    /** @return the response as it was kept; one that was lost has failed */
    Optional<StoredResponse> find(final TenantId tenant, final String id) {
        if (!ResponseKey.isId(id)) {
            return Optional.empty();
        }
        final ResponseKey key = new ResponseKey(tenant, id);
        return store.get(key).flatMap(document -> read(key, document)).map(stored -> isLost(stored) ? lost(key, stored) : stored);
    }

    /** What is damaged is not kept. */
    private static Optional<StoredResponse> read(final ResponseKey key, final byte[] document) {
        try {
            return Optional.of(StoredResponse.read(document));
        } catch (final SpillwayException e) {
            LOG.log(System.Logger.Level.ERROR, "what is kept of " + key.id() + " is damaged", Unworded.of(e));
            return Optional.empty();
        }
    }

    private boolean isLost(final StoredResponse stored) {
        return stored.status().running() && stored.seenMillis() + LOST_MILLIS < clock.epochMillis();
    }

    private StoredResponse lost(final ResponseKey key, final StoredResponse stored) {
        final ObjectNode response = stored.response();
        response.put("status", Status.FAILED.word());
        response.putObject("error").put("code", "server_error").put("message", "The replica that ran this response is gone; ask again");
        store.put(key, stored.document());
        return stored;
    }

    /** @return whether it is kept; a response that is not says so itself */
    boolean keep(final TenantId tenant, final StoredResponse stored) {
        final ResponseKey key = new ResponseKey(tenant, stored.response().path("id").asText());
        if (store.put(key, stored.document())) {
            return true;
        }
        stored.response().put("store", false);
        return false;
    }

    boolean forget(final TenantId tenant, final String id) {
        return ResponseKey.isId(id) && store.remove(new ResponseKey(tenant, id));
    }

    /** @return whether other replicas see what is kept here */
    boolean shared() {
        return store.shared();
    }
}
