package io.spillway.sdk;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import io.spillway.wire.v1.InferenceGrpc;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Connections to all replicas, and which of them is asked next. Any thread. */
final class Replicas implements AutoCloseable {
    private static final Metadata.Key<String> AUTHORIZATION =
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final long RETRY_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final List<ManagedChannel> channels = new ArrayList<>();
    private final Metadata headers = new Metadata();
    private final NanoClock clock;
    private final AtomicInteger preferred = new AtomicInteger();

    Replicas(final String apiKey, final List<Endpoint> endpoints, final NanoClock clock) {
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("at least one replica is needed");
        }
        headers.put(AUTHORIZATION, "Bearer " + apiKey);
        this.clock = clock;
        for (final Endpoint endpoint : endpoints) {
            channels.add(ManagedChannelBuilder.forAddress(endpoint.host(), endpoint.port()).usePlaintext().build());
        }
    }

    int count() {
        return channels.size();
    }

    /** @return the replica to ask now */
    int preferred() {
        return preferred.get();
    }

    InferenceGrpc.InferenceBlockingStub stub(final int replica, final long deadlineNanos) {
        return InferenceGrpc.newBlockingStub(channels.get(replica))
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
            .withDeadlineAfter(Math.max(1, deadlineNanos - clock.nanoTime()), TimeUnit.NANOSECONDS);
    }

    /**
     * After a failed attempt: turns to the next replica, and pauses when all have failed in turn.
     *
     * @param failures of this call so far, this one included
     * @return whether another attempt may succeed
     */
    boolean goOn(final SpillwayException failure, final int replica, final int failures, final long deadlineNanos) {
        if (!resumable(failure) || deadlineNanos - clock.nanoTime() <= 0) {
            return false;
        }
        preferred.compareAndSet(replica, (replica + 1) % channels.size());
        if (failures % channels.size() == 0) {
            LockSupport.parkNanos(RETRY_PAUSE_NANOS * Math.min(failures, 10));
        }
        return true;
    }

    /** A lost replica or node, or one that cannot serve now: another one may. */
    private static boolean resumable(final SpillwayException failure) {
        return failure.code().retryable() && failure.code() != ErrorCode.DEADLINE_EXCEEDED;
    }

    @Override
    public void close() {
        channels.forEach(ManagedChannel::shutdownNow);
    }
}
