package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.error.Unworded;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatListener;
import io.spillway.gateway.chat.RunningCall;
import io.spillway.gateway.guard.GuardService;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.responses.ResponseHead.Status;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A response that runs whether or not anybody waits for it. Run by a virtual thread of its own, which calls the listener; everything
 * else may come from any thread.
 */
final class BackgroundRun implements ChatListener {
    /** Where others could see the response, it is written anew this often. */
    static final long SEEN_MILLIS = 10_000;
    private static final System.Logger LOG = System.getLogger(BackgroundRun.class.getName());

    private final ResponseRequest request;
    private final Conversations kept;
    private final EpochClock clock;
    private final EventLog log = new EventLog();
    private final ResponseTeller teller;
    private final RunningCall call;
    private final CountDownLatch ended = new CountDownLatch(1);
    private ObjectNode queued; // written before the response runs
    private volatile ObjectNode now;
    private volatile boolean cancelled;
    private volatile boolean forgotten;
    private volatile long endedMillis;
    private boolean begun;
    private long seenMillis;

    BackgroundRun(final ResponseRequest request, final GuardService service, final Conversations kept, final EpochClock clock) {
        this.request = request;
        this.kept = kept;
        this.clock = clock;
        this.teller = new ResponseTeller(request,
            event -> log.append(new EventLog.Entry(event.path("type").asText(), Json.bytes(event))), clock);
        this.call = service.call(request.chat(), this);
    }

    /** Tells that the response waits, keeps it, and runs it. Call once. */
    void start() {
        teller.queue();
        queued = teller.now();
        see(queued);
        Thread.ofVirtual().name("background-" + request.head().id()).start(this::run);
    }

    private void run() {
        try {
            call.run();
        } catch (final RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "background response " + request.head().id() + " broke", Unworded.of(e));
            end(teller.fail(new SpillwayException(ErrorCode.INTERNAL, "the response broke", e)));
        }
    }

    TenantId tenant() {
        return request.chat().tenant();
    }

    /** @return the response as it was when it began to wait; for who started it */
    ObjectNode queued() {
        return queued;
    }

    /** @return the response as it stands */
    ObjectNode now() {
        return now;
    }

    EventLog log() {
        return log;
    }

    /** @return when it ended; empty when it runs */
    Optional<Long> endedMillis() {
        return ended.getCount() == 0 ? Optional.of(endedMillis) : Optional.empty();
    }

    /** Ends the response unless it has ended. Does not block. */
    void cancel() {
        cancelled = true;
        call.cancel();
    }

    /** Ends it, and keeps nothing of it. Does not block. */
    void forget() {
        forgotten = true;
        cancel();
    }

    /** @return whether it has ended by then */
    boolean awaitEnd(final long waitNanos) {
        try {
            return ended.await(waitNanos, TimeUnit.NANOSECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void on(final ChatEvent event) {
        if (!begun && !(event instanceof ChatEvent.Failed)) {
            begun = true;
            teller.progress();
            now = teller.now();
        }
        switch (event) {
            case ChatEvent.Failed failed -> end(cancelled && failed.failure().code() == ErrorCode.CANCELLED
                ? teller.cancel() : teller.fail(failed.failure()));
            case ChatEvent.Finished finished -> end(teller.end(finished.usage()));
            default -> {
                teller.on(event);
                if (kept.shared()) {
                    showOthers();
                }
            }
        }
    }

    @Override
    public void quiet() {
        if (kept.shared()) {
            showOthers();
        }
    }

    /** Another replica cancels or deletes a response by what it keeps of it. */
    private void showOthers() {
        if (clock.epochMillis() - seenMillis < SEEN_MILLIS) {
            return;
        }
        final Optional<StoredResponse> stored = kept.find(tenant(), request.head().id());
        if (stored.isEmpty()) {
            forget();
        } else if (stored.get().status() == Status.CANCELLED) {
            cancel();
        } else {
            see(teller.now());
        }
    }

    private void see(final ObjectNode response) {
        seenMillis = clock.epochMillis();
        kept.keep(tenant(), stored(response));
        now = response;
    }

    private StoredResponse stored(final ObjectNode response) {
        return new StoredResponse(response, request.input(), request.chat().run().map(run -> run.value()).orElse(request.head().id()),
            clock.epochMillis());
    }

    /** Kept before it is told: who reads of the end may go on from it. */
    private void end(final ObjectNode response) {
        if (!forgotten) {
            kept.keep(tenant(), stored(response));
        }
        now = response;
        teller.last(response);
        endedMillis = clock.epochMillis();
        ended.countDown();
        log.end();
    }
}
