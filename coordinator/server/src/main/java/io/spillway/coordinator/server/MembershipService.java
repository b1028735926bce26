package io.spillway.coordinator.server;

import io.grpc.stub.StreamObserver;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.NodeId;
import io.spillway.wire.codec.ClusterCodec;
import io.spillway.wire.codec.StatusCodec;
import io.spillway.wire.v1.DeregisterReply;
import io.spillway.wire.v1.DeregisterRequest;
import io.spillway.wire.v1.MemberControl;
import io.spillway.wire.v1.MemberUpdate;
import io.spillway.wire.v1.MembershipGrpc;
import io.spillway.wire.v1.RegisterReply;
import io.spillway.wire.v1.RegisterRequest;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/** Joining and leaving, over gRPC, through the replicated log. */
final class MembershipService extends MembershipGrpc.MembershipImplBase {
    private final ReplicatedLog log;
    private final MemberStreams streams;
    private final Supplier<String> commandIds;
    private final long leaseMillis;

    MembershipService(
        final ReplicatedLog log, final MemberStreams streams, final Supplier<String> commandIds, final long leaseMillis) {
        this.log = log;
        this.streams = streams;
        this.commandIds = commandIds;
        this.leaseMillis = leaseMillis;
    }

    @Override
    public void register(final RegisterRequest request, final StreamObserver<RegisterReply> reply) {
        propose(new Command.RegisterNode(ClusterCodec.toDomain(request.getMember()), leaseMillis), reply,
            (result, out) -> {
                if (result instanceof CommandResult.Registered(long epoch, long leaseUntil)) {
                    out.onNext(RegisterReply.newBuilder().setEpoch(epoch).setLeaseUntilEpochMillis(leaseUntil).build());
                }
            });
    }

    @Override
    public void deregister(final DeregisterRequest request, final StreamObserver<DeregisterReply> reply) {
        propose(new Command.DeregisterNode(new NodeId(request.getId()), request.getEpoch()), reply,
            (result, out) -> out.onNext(DeregisterReply.getDefaultInstance()));
    }

    @Override
    public StreamObserver<MemberUpdate> follow(final StreamObserver<MemberControl> control) {
        return streams.open(control);
    }

    private <T> void propose(
        final Command command, final StreamObserver<T> reply, final BiConsumer<CommandResult, StreamObserver<T>> answer) {
        log.propose(commandIds.get(), command).whenComplete((result, failure) -> {
            if (failure != null) {
                reply.onError(StatusCodec.toStatus(asReported(failure)));
            } else if (result instanceof CommandResult.Refused(ErrorCode code, String detail)) {
                reply.onError(StatusCodec.toStatus(new SpillwayException(code, detail)));
            } else {
                answer.accept(result, reply);
                reply.onCompleted();
            }
        });
    }

    private static SpillwayException asReported(final Throwable failure) {
        final Throwable cause = failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause() : failure;
        return StatusCodec.toException(cause);
    }
}
