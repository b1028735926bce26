package io.spillway.coordinator.raft;

import io.spillway.coordinator.state.CommandResult;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;

/**
 * Carries commands to whichever replica leads, again and again until one answers or the deadline passes. Sending a command
 * twice is harmless: its id makes it apply once. So every failure of Ratis is a reason to try again, and it makes no
 * difference whether the command was lost on the way in or its answer on the way back.
 *
 * <p>Any thread may send; each proposal waits on a virtual thread. At most {@link #IN_FLIGHT_MAX} at a time: one more is
 * refused with {@code OVERLOADED} and counted.
 */
final class Proposals implements AutoCloseable {
    /** Most proposals of one replica at a time. */
    static final int IN_FLIGHT_MAX = 1024;
    private static final Duration PAUSE = Duration.ofMillis(50);
    private static final Duration VISIBLE_PAUSE = Duration.ofMillis(1);
    private static final long VISIBLE_WITHIN_NANOS = Duration.ofSeconds(1).toNanos();

    private final RaftClient client;
    private final LongSupplier appliedIndex;
    private final NanoClock clock;
    private final long deadlineNanos;
    private final ExecutorService waiting;
    private final Semaphore free = new Semaphore(IN_FLIGHT_MAX);
    private final AtomicLong refused = new AtomicLong();
    private volatile boolean closed;

    /**
     * @param client       tries once per call; closed with this
     * @param appliedIndex newest log index in this replica's view
     */
    Proposals(
        final RaftClient client, final LongSupplier appliedIndex, final NanoClock clock, final Duration deadline) {
        this.client = client;
        this.appliedIndex = appliedIndex;
        this.clock = clock;
        this.deadlineNanos = deadline.toNanos();
        this.waiting = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("raft-propose-", 0).factory());
    }

    /** @return proposals refused because too many were under way */
    long refused() {
        return refused.get();
    }

    /**
     * Sends a command until it is answered.
     *
     * @param command encoded, with its id
     * @param name    for logs: the body may hold secrets
     */
    CompletableFuture<CommandResult> send(final byte[] command, final String name) {
        if (closed) {
            return CompletableFuture.failedFuture(closing());
        }
        if (!free.tryAcquire()) {
            refused.incrementAndGet();
            return CompletableFuture.failedFuture(new SpillwayException(ErrorCode.OVERLOADED,
                IN_FLIGHT_MAX + " commands wait for the log already; try again later"));
        }
        final CompletableFuture<CommandResult> result = new CompletableFuture<>();
        final Message message = Message.valueOf(ByteString.copyFrom(command), () -> name);
        try {
            waiting.execute(() -> complete(result, message));
        } catch (final RejectedExecutionException e) {
            free.release();
            result.completeExceptionally(closing());
        }
        return result;
    }

    private void complete(final CompletableFuture<CommandResult> result, final Message message) {
        CommandResult answer = null;
        Throwable failure = null;
        try {
            answer = sendUntilAnswered(message);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            failure = closing();
        } catch (final RuntimeException e) {
            failure = e;
        } finally {
            free.release();
        }
        if (failure == null) {
            result.complete(answer);
        } else {
            result.completeExceptionally(failure);
        }
    }

    private CommandResult sendUntilAnswered(final Message message) throws InterruptedException {
        final long giveUpNanos = clock.nanoTime() + deadlineNanos;
        while (true) {
            try {
                final RaftClientReply reply = client.io().send(message);
                if (reply.isSuccess()) {
                    awaitVisible(reply.getLogIndex());
                    return ResultCodec.decode(reply.getMessage().getContent().asReadOnlyByteBuffer());
                }
                giveUpAfter(giveUpNanos, reply.getException());
            } catch (final StateMachineException e) {
                throw new SpillwayException(ErrorCode.INTERNAL, "the leader cannot read the command: " + e.getMessage(), e);
            } catch (final IOException e) {
                giveUpAfter(giveUpNanos, e);
            }
            Thread.sleep(PAUSE);
        }
    }

    /**
     * Whoever proposed on this replica finds the change in its view: a key that was created here works here. A replica that
     * lags by more than a second answers all the same: the change is durable.
     */
    private void awaitVisible(final long logIndex) throws InterruptedException {
        final long startNanos = clock.nanoTime();
        while (appliedIndex.getAsLong() < logIndex && clock.nanoTime() - startNanos < VISIBLE_WITHIN_NANOS) {
            Thread.sleep(VISIBLE_PAUSE);
        }
    }

    private void giveUpAfter(final long giveUpNanos, final IOException lastFailure) {
        if (closed) {
            throw closing();
        }
        if (clock.nanoTime() - giveUpNanos >= 0) {
            throw new SpillwayException(ErrorCode.NO_LEADER,
                "no leader took the command in time; it may still be applied. Are most coordinator replicas up?",
                lastFailure);
        }
    }

    private static SpillwayException closing() {
        return new SpillwayException(ErrorCode.DRAINING, "this replica is closing");
    }

    /** Proposals under way end with {@code DRAINING}. */
    @Override
    public void close() throws IOException {
        closed = true;
        waiting.shutdownNow();
        client.close();
    }
}
