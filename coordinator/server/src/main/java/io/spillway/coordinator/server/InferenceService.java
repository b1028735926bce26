package io.spillway.coordinator.server;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.spillway.coordinator.access.Scope;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.error.Unworded;
import io.spillway.domain.id.TenantId;
import io.spillway.gateway.chat.ChatCall;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.chat.EmbeddingCall;
import io.spillway.gateway.chat.Embeddings;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.wire.codec.ClusterCodec;
import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.codec.StatusCodec;
import io.spillway.wire.v1.ChatEvent;
import io.spillway.wire.v1.ChatRequest;
import io.spillway.wire.v1.EmbedReply;
import io.spillway.wire.v1.EmbedRequest;
import io.spillway.wire.v1.InferenceGrpc;
import io.spillway.wire.v1.ListModelsReply;
import io.spillway.wire.v1.ListModelsRequest;
import java.util.Optional;
import java.util.function.Supplier;

/** What SDK clients ask, over gRPC: the same line as HTTP's. */
final class InferenceService extends InferenceGrpc.InferenceImplBase {
    private static final System.Logger LOG = System.getLogger(InferenceService.class.getName());
    private static final Context.Key<TenantId> TENANT = Context.key("spillway-tenant");
    private static final Metadata.Key<String> AUTHORIZATION =
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final ChatService chats;
    private final Supplier<ClusterView> view;
    private final SdkRequests requests;

    /** @param requests turns messages into the line's requests */
    InferenceService(final ChatService chats, final Supplier<ClusterView> view, final SdkRequests requests) {
        this.chats = chats;
        this.view = view;
        this.requests = requests;
    }

    /** @return what lets only calls through whose key is good for asking models, as all methods here are, and tells the service whose it is */
    ServerInterceptor authentication(final ApiKeys keys) {
        return new ServerInterceptor() {
            @Override
            public <Q, R> ServerCall.Listener<Q> interceptCall(
                final ServerCall<Q, R> call, final Metadata headers, final ServerCallHandler<Q, R> next) {
                final TenantId tenant;
                try {
                    tenant = keys.admit(Optional.ofNullable(headers.get(AUTHORIZATION)).flatMap(ApiKeys::bearer), Scope.INFERENCE).tenant();
                } catch (final SpillwayException e) {
                    final var status = StatusCodec.toStatus(e);
                    call.close(status.getStatus(), status.getTrailers());
                    return new ServerCall.Listener<>() { };
                }
                return Contexts.interceptCall(Context.current().withValue(TENANT, tenant), call, headers, next);
            }
        };
    }

    @Override
    public void chat(final ChatRequest request, final StreamObserver<ChatEvent> observer) {
        final var events = (ServerCallStreamObserver<ChatEvent>) observer;
        final SdkAnswer answer = new SdkAnswer(events);
        final ChatCall call;
        try {
            call = chats.call(requests.toDomain(request, TENANT.get()), answer);
        } catch (final SpillwayException e) {
            events.onError(StatusCodec.toStatus(e));
            return;
        } catch (final IllegalArgumentException e) {
            events.onError(StatusCodec.toStatus(new SpillwayException(ErrorCode.INVALID_VALUE, e.getMessage())));
            return;
        }
        events.setOnCancelHandler(call::cancel);
        events.setOnReadyHandler(answer::onReady);
        Thread.ofVirtual().name("sdk-" + request.getRequestId()).start(() -> run(call, events));
    }

    /** A defect of ours ends the call too. */
    private static void run(final ChatCall call, final StreamObserver<ChatEvent> events) {
        try {
            call.run();
        } catch (final RuntimeException | Error e) {
            events.onError(defect(e));
        }
    }

    private static StatusRuntimeException defect(final Throwable e) {
        LOG.log(System.Logger.Level.ERROR, "a call over gRPC failed", Unworded.of(e));
        return StatusCodec.toStatus(new SpillwayException(ErrorCode.INTERNAL, "unexpected failure", e));
    }

    @Override
    public void embed(final EmbedRequest request, final StreamObserver<EmbedReply> observer) {
        final var replies = (ServerCallStreamObserver<EmbedReply>) observer;
        final EmbeddingCall call;
        try {
            call = chats.embed(requests.toDomain(request, TENANT.get()));
        } catch (final SpillwayException e) {
            replies.onError(StatusCodec.toStatus(e));
            return;
        } catch (final IllegalArgumentException e) {
            replies.onError(StatusCodec.toStatus(new SpillwayException(ErrorCode.INVALID_VALUE, e.getMessage())));
            return;
        }
        replies.setOnCancelHandler(call::cancel);
        Thread.ofVirtual().name("sdk-" + request.getRequestId()).start(() -> reply(call, replies));
    }

    private static void reply(final EmbeddingCall call, final StreamObserver<EmbedReply> replies) {
        try {
            final Embeddings embeddings = call.run();
            final EmbedReply.Builder reply = EmbedReply.newBuilder()
                .setUsage(RequestCodec.toWire(embeddings.usage().usage()))
                .setCostNanoDollars(embeddings.usage().costNanoDollars());
            for (final float[] vector : embeddings.vectors()) {
                final EmbedReply.Vector.Builder elements = reply.addVectorsBuilder();
                for (final float element : vector) {
                    elements.addElements(element);
                }
            }
            replies.onNext(reply.build());
            replies.onCompleted();
        } catch (final SpillwayException e) {
            replies.onError(StatusCodec.toStatus(e));
        } catch (final RuntimeException | Error e) {
            replies.onError(defect(e));
        }
    }

    @Override
    public void listModels(final ListModelsRequest request, final StreamObserver<ListModelsReply> observer) {
        final ListModelsReply.Builder reply = ListModelsReply.newBuilder();
        view.get().models().forEach(model -> reply.addModels(ClusterCodec.toWire(model)));
        observer.onNext(reply.build());
        observer.onCompleted();
    }
}
