package io.spillway.gateway.batch;

import io.spillway.domain.error.Unworded;
import io.spillway.gateway.batch.LineTexts.LineName;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.http.HttpAnswer;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lines of one batch that are under way, each on a virtual thread. {@link #start}, {@link #poll} and {@link #underWay} belong to the
 * batch's thread; {@link #stop} may come from any.
 */
final class LineWork {
    private static final Logger LOG = LoggerFactory.getLogger(LineWork.class);

    /** A fault of ours is not repeated as fast as we can. */
    private static final long FAULT_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final LineCaller caller;
    private final LineCaller.Batch batch;
    private final InputFile input;
    private final BatchLimits limits;
    private final RequestIds ids;
    private final Map<Integer, LineCaller.Call> calls = new ConcurrentHashMap<>();
    /** One entry per line that was started: bounded by the lines at once. */
    private final BlockingQueue<Ended> ended = new LinkedBlockingQueue<>();
    private final CountDownLatch stop = new CountDownLatch(1);
    private int underWay;

    /**
     * A line that is no longer under way.
     *
     * @param result empty when it was stopped before it had one
     */
    record Ended(int line, Optional<LineResult> result) {
    }

    LineWork(
        final LineCaller caller, final LineCaller.Batch batch, final InputFile input, final BatchLimits limits,
        final RequestIds ids) {
        this.caller = caller;
        this.batch = batch;
        this.input = input;
        this.limits = limits;
        this.ids = ids;
    }

    int underWay() {
        return underWay;
    }

    void start(final int line) {
        underWay++;
        Thread.ofVirtual().name(batch.id() + "-" + line).start(() -> ended.add(new Ended(line, run(line))));
    }

    /** @return a line that has ended; empty when none has for that long */
    Optional<Ended> poll(final long waitNanos) {
        try {
            final Ended next = ended.poll(waitNanos, TimeUnit.NANOSECONDS);
            underWay -= next == null ? 0 : 1;
            return Optional.ofNullable(next);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** Ends what is under way, soon. Idempotent. */
    void stop() {
        stop.countDown();
        calls.values().forEach(LineCaller.Call::cancel);
    }

    /** @return the result of a line that did not run */
    LineResult givenUp(final int line, final String code, final String message) throws IOException {
        return LineTexts.givenUp(name(line, read(line), ""), code, message);
    }

    private Optional<LineResult> run(final int line) {
        try {
            return ask(line);
        } catch (final IOException | RuntimeException e) {
            LOG.error("line {} of {} failed", line, batch.id(), Unworded.of(e));
            pause(FAULT_PAUSE_NANOS);
            return Optional.empty();
        } finally {
            calls.remove(line);
        }
    }

    private Optional<LineResult> ask(final int line) throws IOException {
        final BatchLine request = read(line);
        for (int attempts = 1; stop.getCount() > 0; attempts++) {
            final String requestId = ids.next("req_");
            final LineCaller.Call call = caller.call(batch, requestId, request.body());
            calls.put(line, call);
            if (stop.getCount() == 0) {
                return Optional.empty();
            }
            final HttpAnswer answer = call.run();
            if (!LineRetry.again(answer, attempts)) {
                return Optional.of(LineTexts.answered(name(line, request, requestId), answer));
            }
            pause(LineRetry.waitNanos(limits, attempts));
        }
        return Optional.empty();
    }

    private BatchLine read(final int line) throws IOException {
        try {
            return BatchLine.read(input.read(line), input.number(line), batch.endpoint());
        } catch (final BatchLine.Bad e) {
            throw new IOException("line " + input.number(line) + " of " + batch.id() + " was good and is not any more", e);
        }
    }

    private LineName name(final int line, final BatchLine request, final String requestId) {
        return new LineName(line, ids.next("batch_req_"), requestId, request.customId());
    }

    private void pause(final long nanos) {
        try {
            if (stop.await(nanos, TimeUnit.NANOSECONDS)) {
                LOG.debug("a line of {} was stopped while it waited", batch.id());
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
