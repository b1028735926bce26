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
    private final List<Integer> asked = new CopyOnWriteArrayList<>();

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

    @Test
    void partsComeInOrderAcrossReplicasThatDie() throws IOException {
        try (SpillwayClient client = SpillwayClient.connect("k", replica(3), replica(7), replica(3), replica(Integer.MAX_VALUE));
                ChatStream stream = client.stream(ChatCall.to("m").user("hi"))) {
            final StringBuilder text = new StringBuilder();
            final StringBuilder calls = new StringBuilder();
            ChatPart last = null;
            while (stream.hasNext()) {
                last = stream.next();
                switch (last) {
                    case ChatPart.Text piece -> text.append(piece.text());
                    case ChatPart.Call call -> calls.append(call.index()).append(call.arguments());
                    default -> { }
                }
            }
            assertThat(text).hasToString(ANSWER);
            assertThat(calls).hasToString("00a0b0c0d0e11f1g1h1i1j");
            assertThat(last).isInstanceOfSatisfying(ChatPart.Done.class, done -> assertThat(done.answer().attempts()).isEqualTo(4));
            assertThatThrownBy(stream::next).isInstanceOf(java.util.NoSuchElementException.class);
        }
    }

    @Test
    void allReplicasAreAskedInTurnForever() throws IOException {
        try (SpillwayClient client = SpillwayClient.connect("k", replica(0), replica(0))) {
            assertThatThrownBy(() -> client.chat(ChatCall.to("m").user("hi").timeout(Duration.ofSeconds(2))))
                .isInstanceOf(SpillwayException.class);
        }
        assertThat(asked).containsSubsequence(0, 1, 0, 1, 0);
    }

    @Test
    void aClosedStreamEndsItsRequest() throws Exception {
        try (SpillwayClient client = SpillwayClient.connect("k", silent())) {
            final ChatStream stream = client.stream(ChatCall.to("m").user("hi"));
            final Thread closer = Thread.startVirtualThread(() -> {
                silentCalled.acquireUninterruptibly();
                stream.close();
            });
            assertThatThrownBy(stream::hasNext)
                .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
            closer.join();
            silentCancelled.acquire();
        }
    }

    @Test
    void aSubscriberGetsNoMoreThanItAsksFor() throws Exception {
        try (SpillwayClient client = SpillwayClient.connect("k", replica(4), replica(Integer.MAX_VALUE))) {
            final Collector collector = new Collector(1);
            client.publisher(ChatCall.to("m").user("hi")).subscribe(collector);
            collector.ended.acquire();
            assertThat(collector.tooMany).isFalse();
            assertThat(collector.failure).isNull();
            assertThat(collector.text).hasToString(ANSWER);
        }
    }

    @Test
    void aSubscriberIsToldOfRefusalsAndOfItsOwnMisuse() throws Exception {
        try (SpillwayClient client = SpillwayClient.connect("k", replica(-1))) {
            final Collector refused = new Collector(1);
            client.publisher(ChatCall.to("nope").user("hi")).subscribe(refused);
            refused.ended.acquire();
            assertThat(refused.failure).isInstanceOf(SpillwayException.class);
            final Collector misuse = new Collector(0);
            client.publisher(ChatCall.to("nope").user("hi")).subscribe(misuse);
            misuse.ended.acquire();
            assertThat(misuse.failure).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aRunAddsUpAndKeepsItsLimits() throws IOException {
        try (SpillwayClient client = SpillwayClient.connect("k", replica(Integer.MAX_VALUE))) {
            final AgentRun run = client.run("r-1").limits(new AgentRun.Limits(9, 0, Duration.ofMinutes(1), 4));
            run.chat(ChatCall.to("m").user("hi").toolGap(Duration.ofSeconds(3)));
            run.chat(ChatCall.to("m").user("hi"));
            assertThat(run.totals()).isEqualTo(new AgentRun.Totals(2, 0, 0, 0, 10));
            assertThatThrownBy(() -> run.chat(ChatCall.to("m").user("hi")))
                .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.field()).contains("cost"));
            final AgentRun short1 = client.run("r-2").limits(new AgentRun.Limits(0, 1, Duration.ZERO, 0));
            short1.chat(ChatCall.to("m").user("hi"));
            assertThatThrownBy(() -> short1.chat(ChatCall.to("m").user("hi")))
                .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.field()).contains("steps"));
        }
        assertThat(requests).hasSize(3);
        assertThat(requests.getFirst().getRun()).isEqualTo("r-1");
        assertThat(requests.getFirst().getPriority()).isEqualTo(4);
        assertThat(requests).extracting(io.spillway.wire.v1.ChatRequest::getRunBudgetNanoDollars).containsExactly(9L, 9L, 0L);
        assertThat(requests).extracting(io.spillway.wire.v1.ChatRequest::getRunStepsMax).containsExactly(0, 0, 1);
        assertThat(requests.getFirst().getRunGapMillis()).isEqualTo(3000);
        assertThat(requests.get(1).hasRunGapMillis()).isFalse();
    }

    /** Asks for parts one at a time. */
    private static final class Collector implements java.util.concurrent.Flow.Subscriber<ChatPart> {
        private final long each;
        private final StringBuilder text = new StringBuilder();
        private final java.util.concurrent.Semaphore ended = new java.util.concurrent.Semaphore(0);
        private java.util.concurrent.Flow.Subscription subscription;
        private long allowed;
        private volatile boolean tooMany;
        private volatile Throwable failure;

        Collector(final long each) {
            this.each = each;
        }

        @Override
        public void onSubscribe(final java.util.concurrent.Flow.Subscription mine) {
            subscription = mine;
            allowed = each;
            mine.request(each);
        }

        @Override
        public void onNext(final ChatPart part) {
            tooMany |= --allowed < 0;
            if (part instanceof ChatPart.Text piece) {
                text.append(piece.text());
            }
            allowed += each;
            subscription.request(each);
        }

        @Override
        public void onError(final Throwable why) {
            failure = why;
            ended.release();
        }

        @Override
        public void onComplete() {
            ended.release();
        }
    }

    private final java.util.concurrent.Semaphore silentCalled = new java.util.concurrent.Semaphore(0);
    private final java.util.concurrent.Semaphore silentCancelled = new java.util.concurrent.Semaphore(0);

    /** A replica that takes a request and says nothing. */
    private String silent() throws IOException {
        final Server server = ServerBuilder.forPort(0).addService(new InferenceGrpc.InferenceImplBase() {
            @Override
            public void chat(final ChatRequest request, final StreamObserver<ChatEvent> events) {
                ((io.grpc.stub.ServerCallStreamObserver<ChatEvent>) events).setOnCancelHandler(silentCancelled::release);
                silentCalled.release();
            }
        }).build().start();
        servers.add(server);
        return "127.0.0.1:" + server.getPort();
    }

    /** @param failAfter pieces sent before the call breaks; -1 = refuse */
    private String replica(final int failAfter) throws IOException {
        final int me = servers.size();
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
                asked.add(me);
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
                    events.onNext(ChatEvent.newBuilder().setCall(ChatEvent.Call.newBuilder().setIndex(i / 5).setId("c" + i / 5)
                        .setName("f").setOffset(i % 5).setArguments(ANSWER.substring(i, i + 1))).build());
                    events.onNext(ChatEvent.newBuilder().setTokens(
                        ChatEvent.Tokens.newBuilder().setFirstIndex(i).addTokens(i)).build());
                }
                events.onNext(ChatEvent.newBuilder().setFinished(
                    ChatEvent.Finished.newBuilder().setReason("stop").setCostNanoDollars(5)).build());
                events.onCompleted();
            }
        }).build().start();
        servers.add(server);
        return "127.0.0.1:" + server.getPort();
    }
}
