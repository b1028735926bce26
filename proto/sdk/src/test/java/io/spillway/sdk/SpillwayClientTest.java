package io.spillway.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.stub.StreamObserver;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.wire.codec.StatusCodec;
import io.spillway.wire.v1.ChatEvent;
import io.spillway.wire.v1.ChatRequest;
import io.spillway.wire.v1.EmbedReply;
import io.spillway.wire.v1.EmbedRequest;
import io.spillway.wire.v1.InferenceGrpc;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SpillwayClientTest {
    private static final String ANSWER = "abcdefghij";
    private final List<Server> servers = new ArrayList<>();
    private final List<ChatRequest> requests = new CopyOnWriteArrayList<>();

    @AfterEach
    void stop() {
        servers.forEach(Server::shutdownNow);
    }

    @Test
    void anAnswerGoesOnAtAnotherReplicaBehindTheTokensReceived() throws IOException {
        final StringBuilder streamed = new StringBuilder();
        try (SpillwayClient client = SpillwayClient.connect("k", replica(4), replica(Integer.MAX_VALUE))) {
            final ChatAnswer answer = client.chat(ChatCall.to("m").user("hi"), streamed::append);
            assertThat(answer.content()).isEqualTo(ANSWER);
            assertThat(answer.attempts()).isEqualTo(2);
        }
        assertThat(streamed).hasToString(ANSWER);
        assertThat(requests).hasSize(2);
        assertThat(requests.get(1).getEmittedTokensCount()).isEqualTo(4);
        assertThat(requests.get(1).getRequestId()).isEqualTo(requests.get(0).getRequestId());
        assertThat(requests.get(1).getSampling().getSeed()).isEqualTo(requests.get(0).getSampling().getSeed());
    }

    @Test
    void aRefusalIsNotTriedElsewhere() throws IOException {
        try (SpillwayClient client = SpillwayClient.connect("k", replica(-1), replica(Integer.MAX_VALUE))) {
            assertThatThrownBy(() -> client.chat(ChatCall.to("nope").user("hi")))
                .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND));
        }
        assertThat(requests).hasSize(1);
    }

    @Test
    void embeddingsAreAskedForElsewhereWhenAReplicaIsGone() throws IOException {
        try (SpillwayClient client = SpillwayClient.connect("k", replica(4), replica(Integer.MAX_VALUE))) {
            final List<float[]> vectors = client.embed("m", List.of("a", "bcd"), Duration.ofSeconds(30));
            assertThat(vectors).hasSize(2);
            assertThat(vectors.get(1)).containsExactly(3f, 0.5f);
        }
        try (SpillwayClient client = SpillwayClient.connect("k", replica(-1))) {
            assertThatThrownBy(() -> client.embed("nope", List.of("a"), Duration.ofSeconds(30)))
                .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND));
        }
    }

    /** @param failAfter pieces sent before the call breaks; -1 = refuse */
    private String replica(final int failAfter) throws IOException {
        final Server server = ServerBuilder.forPort(0).addService(new InferenceGrpc.InferenceImplBase() {
            @Override
            public void embed(final EmbedRequest request, final StreamObserver<EmbedReply> reply) {
                if (failAfter < Integer.MAX_VALUE) {
                    reply.onError(StatusCodec.toStatus(new SpillwayException(
                        failAfter < 0 ? ErrorCode.MODEL_NOT_FOUND : ErrorCode.NODE_LOST, "no")));
                    return;
                }
                final EmbedReply.Builder vectors = EmbedReply.newBuilder();
                request.getInputsList().forEach(
                    input -> vectors.addVectorsBuilder().addElements(input.length()).addElements(0.5f));
                reply.onNext(vectors.build());
                reply.onCompleted();
            }

            @Override
            public void chat(final ChatRequest request, final StreamObserver<ChatEvent> events) {
                requests.add(request);
                if (failAfter < 0) {
                    events.onError(StatusCodec.toStatus(new SpillwayException(ErrorCode.MODEL_NOT_FOUND, "no")));
                    return;
                }
                // a resumed call repeats the text from the start: receivers drop what they have
                for (int i = 0; i < ANSWER.length(); i++) {
                    if (i == failAfter) {
                        events.onError(StatusCodec.toStatus(new SpillwayException(ErrorCode.NODE_LOST, "gone")));
                        return;
                    }
                    events.onNext(ChatEvent.newBuilder().setText(ChatEvent.Text.newBuilder().setOffset(i)
                        .setText(ANSWER.substring(i, i + 1))).build());
                    events.onNext(ChatEvent.newBuilder().setTokens(
                        ChatEvent.Tokens.newBuilder().setFirstIndex(i).addTokens(i)).build());
                }
                events.onNext(ChatEvent.newBuilder().setFinished(ChatEvent.Finished.newBuilder().setReason("stop")).build());
                events.onCompleted();
            }
        }).build().start();
        servers.add(server);
        return "127.0.0.1:" + server.getPort();
    }
}
