package io.spillway.coordinator.server;

import io.grpc.stub.ServerCallStreamObserver;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatListener;
import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.codec.StatusCodec;
import io.spillway.wire.v1.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * One chat's events as messages. Runs on the call's own virtual thread and waits there while the client reads slowly, so
 * that nothing piles up; the mailbox before it is bounded.
 */
final class SdkAnswer implements ChatListener {
    private static final long READY_RECHECK_MILLIS = 1000;

    private final ServerCallStreamObserver<io.spillway.wire.v1.ChatEvent> observer;
    private final Semaphore ready = new Semaphore(0);
    private final List<Call> calls = new ArrayList<>();
    private String reason = "stop";

    /** A call as far as it has come. */
    private record Call(String id, String name, StringBuilder arguments) {
        ToolCall toWire() {
            return ToolCall.newBuilder().setId(id).setName(name).setArgumentsJson(arguments.toString()).build();
        }
    }

    SdkAnswer(final ServerCallStreamObserver<io.spillway.wire.v1.ChatEvent> observer) {
        this.observer = observer;
    }

    /** gRPC can take more. */
    void onReady() {
        ready.release();
    }

    @Override
    public void on(final ChatEvent event) {
        switch (event) {
            case ChatEvent.Started started -> { }
            case ChatEvent.Tokens tokens -> {
                final var builder = io.spillway.wire.v1.ChatEvent.Tokens.newBuilder().setFirstIndex(tokens.firstIndex());
                for (final int token : tokens.tokens()) {
                    builder.addTokens(token);
                }
                send(io.spillway.wire.v1.ChatEvent.newBuilder().setTokens(builder).build());
            }
            case ChatEvent.Text text -> send(io.spillway.wire.v1.ChatEvent.newBuilder().setText(
                io.spillway.wire.v1.ChatEvent.Text.newBuilder().setOffset(text.offsetChars()).setText(text.text())).build());
            case ChatEvent.Reasoning thought -> send(io.spillway.wire.v1.ChatEvent.newBuilder().setReasoning(
                io.spillway.wire.v1.ChatEvent.Text.newBuilder().setOffset(thought.offsetChars()).setText(thought.text())).build());
            case ChatEvent.CallStart start -> {
                calls.add(new Call(start.id(), start.name(), new StringBuilder()));
                send(start.index(), "");
            }
            case ChatEvent.CallArguments more -> {
                send(more.index(), more.fragment());
                calls.get(more.index()).arguments.append(more.fragment());
            }
            case ChatEvent.ChoiceFinished choice ->
                reason = choice.reason().name().toLowerCase(java.util.Locale.ROOT);
            case ChatEvent.Finished finished -> finish(finished);
            case ChatEvent.Failed failed -> fail(failed.failure());
        }
    }

    /** More arguments of a call. */
    private void send(final int index, final String fragment) {
        final Call call = calls.get(index);
        send(io.spillway.wire.v1.ChatEvent.newBuilder().setCall(io.spillway.wire.v1.ChatEvent.Call.newBuilder().setIndex(index)
            .setId(call.id).setName(call.name).setOffset(call.arguments.length()).setArguments(fragment)).build());
    }

    private void finish(final ChatEvent.Finished finished) {
        final var builder = io.spillway.wire.v1.ChatEvent.Finished.newBuilder().setReason(reason)
            .setUsage(RequestCodec.toWire(finished.usage().usage()))
            .setCostNanoDollars(finished.usage().costNanoDollars()).setPlacement(finished.usage().placement());
        calls.forEach(call -> builder.addToolCalls(call.toWire()));
        send(io.spillway.wire.v1.ChatEvent.newBuilder().setFinished(builder).build());
        if (!observer.isCancelled()) {
            observer.onCompleted();
        }
    }

    private void fail(final SpillwayException failure) {
        if (!observer.isCancelled()) {
            observer.onError(StatusCodec.toStatus(failure));
        }
    }

    private void send(final io.spillway.wire.v1.ChatEvent message) {
        try {
            while (!observer.isReady() && !observer.isCancelled()) {
                ready.tryAcquire(READY_RECHECK_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!observer.isCancelled()) {
            observer.onNext(message);
        }
    }
}
