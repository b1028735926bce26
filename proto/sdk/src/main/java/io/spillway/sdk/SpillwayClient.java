package io.spillway.sdk;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import io.spillway.wire.codec.ClusterCodec;
import io.spillway.wire.codec.StatusCodec;
import io.spillway.wire.v1.EmbedReply;
import io.spillway.wire.v1.EmbedRequest;
import io.spillway.wire.v1.InferenceGrpc.InferenceBlockingStub;
import io.spillway.wire.v1.ListModelsRequest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/**
 * A client of a Spillway cluster. Knows all replicas: when the one that serves a call dies, the call goes on at another
 * one behind the tokens already received, so that the caller sees one unbroken answer. Any thread; keep one per program.
 *
 * <pre>{@code
 * try (SpillwayClient client = SpillwayClient.connect(apiKey, "127.0.0.1:7601", "127.0.0.1:7602")) {
 *     ChatAnswer answer = client.chat(ChatCall.to("brook").user("Hello!").greedy(), System.out::print);
 * }
 * }</pre>
 */
public final class SpillwayClient implements AutoCloseable {
    private static final long MODELS_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int REQUEST_ID_BYTES = 12;

    private final Replicas replicas;
    private final RandomGenerator random;
    private final NanoClock clock;

    private SpillwayClient(final Replicas replicas, final RandomGenerator random, final NanoClock clock) {
        this.replicas = replicas;
        this.random = random;
        this.clock = clock;
    }

    /** @param replicas gRPC endpoints of the coordinators, {@code host:port}; the first is preferred */
    public static SpillwayClient connect(final String apiKey, final String... replicas) {
        return new SpillwayClient(new Replicas(apiKey, Arrays.stream(replicas).map(Endpoint::parse).toList(), NanoClock.SYSTEM),
            new SecureRandom(), NanoClock.SYSTEM);
    }

    /**
     * Sends a call and waits for the whole answer. Blocks the calling thread (a virtual one will do).
     *
     * @throws SpillwayException when the request was refused, failed, or no replica could complete it in time
     */
    public ChatAnswer chat(final ChatCall call) {
        try (ChatStream stream = stream(call)) {
            return stream.answer();
        }
    }

    /**
     * Sends a call and streams its text. Blocks the calling thread (a virtual one will do).
     *
     * @param onText receives each new piece of content, in order, without gaps or repeats, on the calling thread
     * @throws SpillwayException when the request was refused, failed, or no replica could complete it in time
     */
    public ChatAnswer chat(final ChatCall call, final Consumer<String> onText) {
        try (ChatStream stream = stream(call)) {
            while (stream.hasNext()) {
                switch (stream.next()) {
                    case ChatPart.Text(String text) -> onText.accept(text);
                    case ChatPart.Done(ChatAnswer answer) -> {
                        return answer;
                    }
                    default -> { }
                }
            }
        }
        throw new IllegalStateException("an answer ends with itself or with an exception");
    }

    /**
     * Sends a call whose answer is a value: the model can write nothing but JSON of that record's shape.
     *
     * @param type a record of texts, numbers, flags, enums, lists, maps and further records; {@code Optional} parts may be null. A part's
     *             {@code @JsonPropertyDescription} is told to the model
     * @return the value and the answer it was read from
     * @throws SpillwayException additionally {@code INVALID_OUTPUT} when the answer was cut before its end by its token limit
     */
    public <T> StructuredAnswer<T> chat(final ChatCall call, final Class<T> type) {
        final ChatAnswer answer = chat(call.format(RecordSchema.of(type)));
        return new StructuredAnswer<>(RecordSchema.read(answer, type), answer);
    }

    /** @return the answer part by part, for a loop; close it. The request is sent when the first part is asked for */
    public ChatStream stream(final ChatCall call) {
        final long seed = call.seeded() ? call.sampling().seed() : random.nextLong();
        return new ChatStream(replicas, ChatCalls.toWire(call, newRequestId(), seed), clock.nanoTime() + call.options().timeout().toNanos());
    }

    /** @return the answer part by part, pushed; each subscriber causes a request of its own, and holds it back by asking for few parts */
    public Flow.Publisher<ChatPart> publisher(final ChatCall call) {
        return new ChatPublisher(() -> stream(call));
    }

    /** @return a new agent run of that name, without limits: see {@link AgentRun} */
    public AgentRun run(final String name) {
        return new AgentRun(this, name, AgentRun.Limits.NONE, clock);
    }

    /**
     * Makes vectors of texts. Blocks the calling thread.
     *
     * @return one vector of length 1 per input, in their order
     * @throws SpillwayException when the request was refused, failed, or no replica could complete it in time
     */
    public List<float[]> embed(final String model, final List<String> inputs, final Duration timeout) {
        final EmbedRequest request =
            EmbedRequest.newBuilder().setRequestId(newRequestId()).setModel(model).addAllInputs(inputs).build();
        return vectors(ask(stub -> stub.embed(request), timeout.toNanos()));
    }

    private static List<float[]> vectors(final EmbedReply reply) {
        final List<float[]> vectors = new ArrayList<>();
        for (final EmbedReply.Vector from : reply.getVectorsList()) {
            final float[] vector = new float[from.getElementsCount()];
            for (int i = 0; i < vector.length; i++) {
                vector[i] = from.getElements(i);
            }
            vectors.add(vector);
        }
        return vectors;
    }

    /**
     * @return the models the cluster serves now
     * @throws SpillwayException when no replica answered in time
     */
    public List<ModelDescriptor> models() {
        return ask(stub -> stub.listModels(ListModelsRequest.getDefaultInstance()), MODELS_TIMEOUT_NANOS)
            .getModelsList().stream().map(ClusterCodec::toDomain).toList();
    }

    private <R> R ask(final Function<InferenceBlockingStub, R> question, final long timeoutNanos) {
        final long deadlineNanos = clock.nanoTime() + timeoutNanos;
        for (int failures = 1;; failures++) {
            final int replica = replicas.preferred();
            try {
                return question.apply(replicas.stub(replica, deadlineNanos));
            } catch (final io.grpc.StatusRuntimeException e) {
                final SpillwayException failure = StatusCodec.toException(e);
                if (!replicas.goOn(failure, replica, failures, deadlineNanos)) {
                    throw failure;
                }
            }
        }
    }

    private String newRequestId() {
        final byte[] bytes = new byte[REQUEST_ID_BYTES];
        random.nextBytes(bytes);
        return "sdk-" + HexFormat.of().formatHex(bytes);
    }

    @Override
    public void close() {
        replicas.close();
    }
}
