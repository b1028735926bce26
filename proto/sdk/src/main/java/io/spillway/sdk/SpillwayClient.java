package io.spillway.sdk;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import io.spillway.wire.codec.ClusterCodec;
import io.spillway.wire.codec.StatusCodec;
import io.spillway.wire.v1.ChatEvent;
import io.spillway.wire.v1.ChatRequest;
import io.spillway.wire.v1.EmbedReply;
import io.spillway.wire.v1.EmbedRequest;
import io.spillway.wire.v1.InferenceGrpc;
import io.spillway.wire.v1.ListModelsRequest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * A client of a Spillway cluster. Knows all replicas: when the one that serves a call dies, the call goes on at another
 * one behind the tokens already received, so that the caller sees one unbroken answer.
 *
 * <pre>{@code
 * try (SpillwayClient client = SpillwayClient.connect(apiKey, "127.0.0.1:7601", "127.0.0.1:7602")) {
 *     ChatAnswer answer = client.chat(ChatCall.to("brook").user("Hello!").greedy(), System.out::print);
 * }
 * }</pre>
 */
public final class SpillwayClient implements AutoCloseable {
    private static final Metadata.Key<String> AUTHORIZATION =
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final long RETRY_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final List<ManagedChannel> channels = new ArrayList<>();
    private final Metadata headers = new Metadata();
    private final RandomGenerator random;
    private final NanoClock clock;
    private final AtomicInteger preferred = new AtomicInteger();

    private SpillwayClient(
        final String apiKey, final List<Endpoint> replicas, final RandomGenerator random, final NanoClock clock) {
        if (replicas.isEmpty()) {
            throw new IllegalArgumentException("at least one replica is needed");
        }
        headers.put(AUTHORIZATION, "Bearer " + apiKey);
        this.random = random;
        this.clock = clock;
        for (final Endpoint replica : replicas) {
            channels.add(ManagedChannelBuilder.forAddress(replica.host(), replica.port()).usePlaintext().build());
        }
    }

    /** @param replicas gRPC endpoints of the coordinators, {@code host:port}; the first is preferred */
    public static SpillwayClient connect(final String apiKey, final String... replicas) {
        return new SpillwayClient(apiKey, java.util.Arrays.stream(replicas).map(Endpoint::parse).toList(),
            new SecureRandom(), NanoClock.SYSTEM);
    }

    /** Sends a call and waits for the whole answer. */
    public ChatAnswer chat(final ChatCall call) {
        return chat(call, text -> { });
    }

    /**
     * Sends a call and streams its text. Blocks the calling thread (a virtual one will do).
     *
     * @param onText receives each new piece of content, in order, without gaps or repeats, on the calling thread
     * @throws SpillwayException when the request was refused, failed, or no replica could complete it in time
     */
    public ChatAnswer chat(final ChatCall call, final Consumer<String> onText) {
        final AnswerAssembly assembly = new AnswerAssembly(onText);
        final ChatRequest request = ChatCalls.toWire(call, newRequestId(), call.seeded() ? call.sampling().seed() : random.nextLong());
        final long deadlineNanos = clock.nanoTime() + call.timeout().toNanos();
        int failures = 0;
        while (true) {
            final int replica = Math.floorMod(preferred.get(), channels.size());
            try {
                return attempt(replica, assembly, request, deadlineNanos, failures + 1);
            } catch (final SpillwayException e) {
                failures++;
                if (!resumable(e) || deadlineNanos - clock.nanoTime() <= 0) {
                    throw e;
                }
                preferred.compareAndSet(replica, replica + 1);
                pauseAfter(failures);
            }
        }
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
        final long deadlineNanos = clock.nanoTime() + timeout.toNanos();
        int failures = 0;
        while (true) {
            final int replica = Math.floorMod(preferred.get(), channels.size());
            try {
                return vectors(stub(replica, deadlineNanos - clock.nanoTime()).embed(request));
            } catch (final io.grpc.StatusRuntimeException e) {
                final SpillwayException failure = StatusCodec.toException(e);
                failures++;
                if (!resumable(failure) || deadlineNanos - clock.nanoTime() <= 0) {
                    throw failure;
                }
                preferred.compareAndSet(replica, replica + 1);
                pauseAfter(failures);
            }
        }
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

    /** @return the models the cluster serves now */
    public List<ModelDescriptor> models() {
        SpillwayException last = null;
        for (int i = 0; i < channels.size(); i++) {
            try {
                return stub(Math.floorMod(preferred.get() + i, channels.size()), TimeUnit.SECONDS.toNanos(10))
                    .listModels(ListModelsRequest.getDefaultInstance()).getModelsList().stream()
                    .map(ClusterCodec::toDomain).toList();
            } catch (final io.grpc.StatusRuntimeException e) {
                last = StatusCodec.toException(e);
            }
        }
        throw last;
    }

    @Override
    public void close() {
        channels.forEach(ManagedChannel::shutdownNow);
    }

    private ChatAnswer attempt(
        final int replica, final AnswerAssembly assembly, final ChatRequest request, final long deadlineNanos,
        final int attempt) {
        try {
            final Iterator<ChatEvent> events = stub(replica, deadlineNanos - clock.nanoTime())
                .chat(request.toBuilder().addAllEmittedTokens(assembly.tokens()).build());
            while (events.hasNext()) {
                assembly.accept(events.next());
                if (assembly.finished()) {
                    return assembly.answer(attempt);
                }
            }
            throw new SpillwayException(ErrorCode.NODE_LOST, "the answer broke off");
        } catch (final io.grpc.StatusRuntimeException e) {
            throw StatusCodec.toException(e);
        }
    }

    private InferenceGrpc.InferenceBlockingStub stub(final int replica, final long timeoutNanos) {
        return InferenceGrpc.newBlockingStub(channels.get(replica))
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
            .withDeadlineAfter(Math.max(1, timeoutNanos), TimeUnit.NANOSECONDS);
    }

    /** A lost replica or node, or one that cannot serve now: another one may. */
    private static boolean resumable(final SpillwayException failure) {
        return failure.code().retryable() && failure.code() != ErrorCode.DEADLINE_EXCEEDED;
    }

    private void pauseAfter(final int failures) {
        if (failures % channels.size() == 0) {
            java.util.concurrent.locks.LockSupport.parkNanos(RETRY_PAUSE_NANOS * Math.min(failures, 10));
        }
    }

    private String newRequestId() {
        final byte[] bytes = new byte[12];
        random.nextBytes(bytes);
        return "sdk-" + HexFormat.of().formatHex(bytes);
    }
}
