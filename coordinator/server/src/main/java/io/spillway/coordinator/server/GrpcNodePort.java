package io.spillway.coordinator.server;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.spillway.coordinator.dispatch.NodePort;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.codec.StatusCodec;
import io.spillway.wire.v1.GenerateRequest;
import io.spillway.wire.v1.NodeEngineGrpc;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Generations on nodes, over one gRPC channel per node endpoint. Any thread. */
final class GrpcNodePort implements NodePort, AutoCloseable {
    private static final int MESSAGE_BYTES_MAX = 64 << 20;
    private static final long KEEP_ALIVE_SECONDS = 10;

    private final Map<Endpoint, ManagedChannel> channels = new ConcurrentHashMap<>();

    @Override
    public Call generate(
        final NodeDescriptor node, final long epoch, final GenerationRequest request,
        final Consumer<GenerationEvent> listener) {
        final ManagedChannel channel = channels.computeIfAbsent(node.rpc(), GrpcNodePort::open);
        final Receiver receiver = new Receiver(listener);
        NodeEngineGrpc.newStub(channel).generate(RequestCodec.toWire(request, epoch), receiver);
        return receiver;
    }

    @Override
    public void close() {
        channels.values().forEach(ManagedChannel::shutdownNow);
    }

    private static ManagedChannel open(final Endpoint endpoint) {
        return NettyChannelBuilder.forAddress(endpoint.host(), endpoint.port()).usePlaintext()
            .maxInboundMessageSize(MESSAGE_BYTES_MAX).keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS).build();
    }

    /** One call. gRPC delivers its events one at a time. */
    private static final class Receiver
        implements Call, ClientResponseObserver<GenerateRequest, io.spillway.wire.v1.GenerationEvent> {
        private final Consumer<GenerationEvent> listener;
        private final AtomicBoolean cancelled = new AtomicBoolean();
        private volatile ClientCallStreamObserver<GenerateRequest> call;
        private boolean ended;

        private Receiver(final Consumer<GenerationEvent> listener) {
            this.listener = listener;
        }

        @Override
        public void beforeStart(final ClientCallStreamObserver<GenerateRequest> newCall) {
            call = newCall;
        }

        @Override
        public void onNext(final io.spillway.wire.v1.GenerationEvent event) {
            forward(RequestCodec.toDomain(event));
        }

        @Override
        public void onError(final Throwable failure) {
            final SpillwayException reported = StatusCodec.toException(failure);
            forward(new GenerationEvent.Failed(reported.code(), reported.getMessage()));
        }

        @Override
        public void onCompleted() {
            forward(new GenerationEvent.Failed(ErrorCode.NODE_LOST, "the node ended the stream early"));
        }

        @Override
        public void cancel() {
            if (cancelled.compareAndSet(false, true)) {
                call.cancel("cancelled by the coordinator", null);
            }
        }

        private void forward(final GenerationEvent event) {
            if (ended || cancelled.get()) {
                return;
            }
            ended = event instanceof GenerationEvent.Finished || event instanceof GenerationEvent.Failed;
            listener.accept(event);
        }
    }
}
