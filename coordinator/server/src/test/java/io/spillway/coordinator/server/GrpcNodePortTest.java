package io.spillway.coordinator.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.spillway.coordinator.dispatch.NodePort;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.Usage;
import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.codec.StatusCodec;
import io.spillway.wire.v1.GenerateRequest;
import io.spillway.wire.v1.NodeEngineGrpc;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GrpcNodePortTest {
    private static final GenerationEvent DELTA = new GenerationEvent.TokenDelta(0, new int[] {5}, List.of());
    private static final GenerationEvent DONE =
        new GenerationEvent.Finished(FinishReason.STOP, new Usage(1, 0, 1, PrefillSources.NONE));
    private final List<GenerationEvent> events = new CopyOnWriteArrayList<>();
    private final AtomicReference<ServerCallStreamObserver<io.spillway.wire.v1.GenerationEvent>> call = new AtomicReference<>();
    private final AtomicBoolean cancelled = new AtomicBoolean();
    private final GrpcNodePort port = new GrpcNodePort();
    private Server node;

    @BeforeEach
    void start() throws Exception {
        node = ServerBuilder.forPort(0).addService(new NodeEngineGrpc.NodeEngineImplBase() {
            @Override
            public void generate(
                final GenerateRequest request, final StreamObserver<io.spillway.wire.v1.GenerationEvent> observer) {
                final var stream = (ServerCallStreamObserver<io.spillway.wire.v1.GenerationEvent>) observer;
                stream.setOnCancelHandler(() -> cancelled.set(true));
                call.set(stream);
            }
        }).build().start();
    }

    @AfterEach
    void stop() {
        port.close();
        node.shutdownNow();
    }

    @Test
    void eventsComeInOrderAndTheEndOnce() {
        generate();
        send(DELTA);
        send(DONE);
        call.get().onCompleted();
        await().until(() -> events.size() == 2);
        assertThat(events.get(0)).usingRecursiveComparison().isEqualTo(DELTA);
        assertThat(events.get(1)).isEqualTo(DONE);
    }

    @Test
    void aDeadNodeIsLost() {
        generate();
        send(DELTA);
        await().until(() -> events.size() == 1);
        node.shutdownNow();
        await().until(() -> events.size() == 2);
        assertThat(events.get(1)).isInstanceOfSatisfying(GenerationEvent.Failed.class,
            failed -> assertThat(failed.code()).isEqualTo(ErrorCode.NODE_LOST));
    }

    @Test
    void aStreamThatEndsWithoutAnEndIsLost() {
        generate();
        call.get().onCompleted();
        await().until(() -> events.size() == 1);
        assertThat(events.getFirst()).isInstanceOfSatisfying(GenerationEvent.Failed.class,
            failed -> assertThat(failed.code()).isEqualTo(ErrorCode.NODE_LOST));
    }

    @Test
    void aRefusalKeepsItsCode() {
        generate();
        call.get().onError(StatusCodec.toStatus(new SpillwayException(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "too long")));
        await().until(() -> events.size() == 1);
        assertThat(events.getFirst()).isEqualTo(new GenerationEvent.Failed(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "too long"));
    }

    @Test
    void aCancelledCallReachesTheNodeAndTellsNothingMore() {
        final NodePort.Call running = generate();
        send(DELTA);
        await().until(() -> events.size() == 1);
        running.cancel();
        running.cancel();
        await().untilTrue(cancelled);
        assertThat(events).hasSize(1);
    }

    private NodePort.Call generate() {
        final Endpoint endpoint = new Endpoint("127.0.0.1", node.getPort());
        final NodeDescriptor store =
            new NodeDescriptor(new NodeId("n"), NodeRole.STORE, endpoint, endpoint, Optional.empty(), 0);
        final NodePort.Call running = port.generate(store, 1, new GenerationRequest(new RequestId("r"), new TenantId("t"),
            Optional.empty(), new ModelId("m"), new BlockHash(1, 1), new int[] {1}, new int[0], 9, new int[0],
            SamplingParams.GREEDY), events::add);
        await().until(() -> call.get() != null);
        return running;
    }

    private void send(final GenerationEvent event) {
        call.get().onNext(RequestCodec.toWire(event));
    }
}
