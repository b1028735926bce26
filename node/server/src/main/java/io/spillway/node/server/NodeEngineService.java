package io.spillway.node.server;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.codec.StatusCodec;
import io.spillway.wire.v1.GenerateRequest;
import io.spillway.wire.v1.NodeEngineGrpc;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Generations over gRPC. A cancelled call cancels its request. */
final class NodeEngineService extends NodeEngineGrpc.NodeEngineImplBase {
    private final EngineDoor engine;
    private final LongSupplier epoch;
    private final AtomicLong calls = new AtomicLong();

    NodeEngineService(final EngineDoor engine, final LongSupplier epoch) {
        this.engine = engine;
        this.epoch = epoch;
    }

    /** What the service needs of the engine. */
    interface EngineDoor {
        void submit(GenerationRequest request, Consumer<GenerationEvent> listener);

        void cancel(RequestId id);
    }

    @Override
    public void generate(
        final GenerateRequest wire, final StreamObserver<io.spillway.wire.v1.GenerationEvent> observer) {
        if (wire.getEpoch() != 0 && wire.getEpoch() != epoch.getAsLong()) {
            // To the caller this node is gone: the one it meant was an earlier life of it.
            observer.onError(StatusCodec.toStatus(new SpillwayException(ErrorCode.NODE_LOST,
                "the node has registered again: epoch " + epoch.getAsLong() + ", not " + wire.getEpoch())));
            return;
        }
        final GenerationRequest request;
        try {
            // Two calls may carry the same id when a client resumed elsewhere: cancelling one must not hit the other.
            request = RequestCodec.toDomain(wire.toBuilder().setId(wire.getId() + "@" + calls.incrementAndGet()).build());
        } catch (final IllegalArgumentException e) {
            observer.onError(StatusCodec.toStatus(new SpillwayException(ErrorCode.INVALID_VALUE, e.getMessage())));
            return;
        } catch (final SpillwayException e) {
            observer.onError(StatusCodec.toStatus(e)); // a parameter out of its range, named
            return;
        }
        final Stream stream =
            new Stream((ServerCallStreamObserver<io.spillway.wire.v1.GenerationEvent>) observer, request.id());
        engine.submit(request, stream);
    }

    /**
     * One call's way back. Events come from the engine thread, one at a time. What gRPC cannot send yet it buffers; a
     * request's output is bounded by its output limit, so this is too.
     */
    private final class Stream implements Consumer<GenerationEvent> {
        private final ServerCallStreamObserver<io.spillway.wire.v1.GenerationEvent> observer;
        private final AtomicBoolean ended = new AtomicBoolean();

        private Stream(
            final ServerCallStreamObserver<io.spillway.wire.v1.GenerationEvent> observer, final RequestId id) {
            this.observer = observer;
            observer.setOnCancelHandler(() -> {
                if (ended.compareAndSet(false, true)) {
                    engine.cancel(id);
                }
            });
        }

        @Override
        public void accept(final GenerationEvent event) {
            if (ended.get()) {
                return;
            }
            final boolean last = event instanceof GenerationEvent.Finished || event instanceof GenerationEvent.Failed;
            if (last && !ended.compareAndSet(false, true)) {
                return;
            }
            observer.onNext(RequestCodec.toWire(event));
            if (last) {
                observer.onCompleted();
            }
        }
    }
}
