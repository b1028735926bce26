package io.spillway.kvstore.transfer;

import io.spillway.kvstore.service.PutOutcome;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** What this endpoint has asked of others: every request ends once, by answer, deadline, cancel or loss of the link. */
final class Requester {
    private static final int REQUESTS_MAX = 4096;
    private static final int WAITING_MAX = 256;

    private final Frames frames;
    private final Tally tally;
    private final Map<Long, Request> requests = new HashMap<>();
    private long lastId;

    Requester(final Frames frames, final Tally tally) {
        this.frames = frames;
        this.tally = tally;
    }

    /** @param link null: no such peer */
    void submit(final Request request, final PeerLink link, final boolean mayWait) {
        if (request.cancelled) {
            request.end();
            return;
        }
        final boolean takes = link != null && requests.size() < REQUESTS_MAX
            && (link.isUp() || mayWait && link.waiting.size() < WAITING_MAX);
        if (!takes) {
            tally.one(Tally.Count.REQUESTS_REFUSED);
            request.end();
            return;
        }
        request.id = ++lastId;
        request.link = link;
        requests.put(request.id, request);
        if (link.isUp()) {
            request.start(frames);
        } else {
            link.waiting.add(request);
        }
    }

    void linkUp(final PeerLink link) {
        for (Request request = link.waiting.poll(); request != null; request = link.waiting.poll()) {
            if (requests.get(request.id) == request) {
                request.start(frames);
            }
        }
    }

    void linkLost(final PeerLink link) {
        link.waiting.clear();
        endAll(request -> request.link == link, false);
    }

    /** Ends those whose deadline has passed. @return how many */
    int expire(final long nowNanos) {
        return endAll(request -> request.deadlineNanos - nowNanos <= 0, true);
    }

    void closeAll() {
        endAll(request -> true, false);
    }

    boolean isWaiting() {
        return !requests.isEmpty();
    }

    /** Ends a request early; one that has ended already is left alone. */
    void cancel(final Request request) {
        if (requests.get(request.id) == request) {
            end(request, true);
        }
    }

    void onLookupReply(final PeerLink link, final long requestId, final int found) {
        if (find(link, requestId) instanceof LookupRequest lookup) {
            lookup.answered(found);
            end(lookup, false);
        }
    }

    void onBlockHeader(final PeerLink link, final long requestId, final int blockIndex, final Frames.Incoming block) {
        if (find(link, requestId) instanceof GetRequest get && !get.onHeader(blockIndex, block)) {
            end(get, true);
        }
    }

    void onFragment(final PeerLink link, final Frames.Piece piece, final MemorySegment payload) {
        if (find(link, piece.requestId()) instanceof GetRequest get) {
            if (!get.onFragment(piece, payload)) {
                end(get, true);
            } else if (get.isComplete()) {
                end(get, false);
            } else {
                get.returnCredit(frames);
            }
        }
    }

    void onGetEnd(final PeerLink link, final long requestId) {
        // A get that came whole has ended with its last fragment, so its GetEnd finds nothing: not late, merely last.
        if (requests.get(requestId) instanceof GetRequest get && get.link == link) {
            end(get, false);
        }
    }

    void onCredit(final PeerLink link, final long requestId, final long bytes) {
        if (find(link, requestId) instanceof PutRequest put) {
            put.onCredit(bytes);
        }
    }

    void onPutReply(final PeerLink link, final long requestId, final PutOutcome outcome) {
        if (find(link, requestId) instanceof PutRequest put) {
            put.answered(outcome);
            end(put, false);
        }
    }

    void onRefusal(final PeerLink link, final long requestId) {
        final Request request = find(link, requestId);
        if (request != null) {
            end(request, false);
        }
    }

    private Request find(final PeerLink link, final long requestId) {
        final Request request = requests.get(requestId);
        if (request == null || request.link != link) {
            tally.one(Tally.Count.LATE_FRAMES);
            return null;
        }
        return request;
    }

    private int endAll(final Predicate<Request> which, final boolean tellPeer) {
        final List<Request> ending = new ArrayList<>();
        for (final Request request : requests.values()) {
            if (which.test(request)) {
                ending.add(request);
            }
        }
        ending.sort(Comparator.comparingLong(request -> request.id));
        ending.forEach(request -> end(request, tellPeer));
        return ending.size();
    }

    private void end(final Request request, final boolean tellPeer) {
        requests.remove(request.id);
        if (tellPeer && request.link.isUp()) {
            request.link.send(frames.cancel(request.id));
        }
        request.end();
    }
}
