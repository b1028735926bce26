package io.spillway.sdk;

import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.wire.codec.StatusCodec;
import io.spillway.wire.v1.ChatEvent;
import io.spillway.wire.v1.ChatRequest;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;

/**
 * An answer as it comes, part by part; the last is {@link ChatPart.Done}. When a replica dies on the way the next takes over behind the
 * tokens already had: the reader notices nothing but a pause. Owned by one thread, which waits in {@link #hasNext}; only {@link #close},
 * which ends the request, may come from another.
 */
public final class ChatStream implements Iterator<ChatPart>, AutoCloseable {
    private final Replicas replicas;
    private final ChatRequest request;
    private final long deadlineNanos;
    private final AnswerAssembly assembly = new AnswerAssembly();
    private final Queue<ChatPart> waiting = new ArrayDeque<>();
    private final Context.CancellableContext context = Context.current().withCancellation();
    private Iterator<ChatEvent> events;
    private int replica;
    private int failures;
    private boolean ended;

    ChatStream(final Replicas replicas, final ChatRequest request, final long deadlineNanos) {
        this.replicas = replicas;
        this.request = request;
        this.deadlineNanos = deadlineNanos;
    }

    /**
     * Waits for the next part.
     *
     * @throws SpillwayException when the request was refused, failed, was closed, or no replica could complete it in time
     */
    @Override
    public boolean hasNext() {
        while (waiting.isEmpty() && !ended) {
            try {
                read();
            } catch (final SpillwayException e) {
                failed(e);
            }
        }
        return !waiting.isEmpty();
    }

    @Override
    public ChatPart next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the answer is complete");
        }
        return waiting.remove();
    }

    private void read() {
        try {
            if (events == null) {
                replica = replicas.preferred();
                final ChatRequest resumed = request.toBuilder().addAllEmittedTokens(assembly.tokens()).build();
                events = context.call(() -> replicas.stub(replica, deadlineNanos).chat(resumed));
            }
            if (!events.hasNext()) {
                throw new SpillwayException(ErrorCode.NODE_LOST, "the answer broke off");
            }
            assembly.accept(events.next(), failures + 1, this::take);
        } catch (final StatusRuntimeException e) {
            throw StatusCodec.toException(e);
        } catch (final SpillwayException e) {
            throw e;
        } catch (final Exception e) {
            throw new SpillwayException(ErrorCode.INTERNAL, "the call could not be made: " + e.getMessage(), e);
        }
    }

    private void take(final ChatPart part) {
        waiting.add(part);
        ended |= part instanceof ChatPart.Done;
    }

    private void failed(final SpillwayException failure) {
        events = null;
        failures++;
        if (context.isCancelled()) {
            ended = true;
            throw new SpillwayException(ErrorCode.CANCELLED, "the answer was closed before it was complete", failure);
        }
        if (!replicas.goOn(failure, replica, failures, deadlineNanos)) {
            ended = true;
            throw failure;
        }
    }

    /** @return the whole answer; reads what is left of it */
    public ChatAnswer answer() {
        while (hasNext()) {
            if (next() instanceof ChatPart.Done(ChatAnswer answer)) {
                return answer;
            }
        }
        throw new IllegalStateException("the answer was read before");
    }

    /** Ends the request unless it is complete. Idempotent; any thread. */
    @Override
    public void close() {
        context.cancel(null);
    }
}
