package io.spillway.node.server;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.stub.StreamObserver;
import io.spillway.wire.v1.DeregisterReply;
import io.spillway.wire.v1.DeregisterRequest;
import io.spillway.wire.v1.MemberControl;
import io.spillway.wire.v1.MemberUpdate;
import io.spillway.wire.v1.MembershipGrpc;
import io.spillway.wire.v1.NodeDescriptor;
import io.spillway.wire.v1.RegisterReply;
import io.spillway.wire.v1.RegisterRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Registers every member and tells all of each other; nothing else. */
final class FakeCoordinator extends MembershipGrpc.MembershipImplBase implements AutoCloseable {
    private final Map<String, NodeDescriptor> members = new LinkedHashMap<>();
    private final Map<String, StreamObserver<MemberControl>> streams = new LinkedHashMap<>();
    private final List<MemberUpdate> updates = new ArrayList<>();
    private final Server server;
    private long epoch;

    FakeCoordinator() throws IOException {
        server = ServerBuilder.forPort(0).addService(this).build().start();
    }

    int port() {
        return server.getPort();
    }

    synchronized List<MemberUpdate> updates() {
        return List.copyOf(updates);
    }

    @Override
    public synchronized void register(final RegisterRequest request, final StreamObserver<RegisterReply> reply) {
        members.put(request.getMember().getId(), request.getMember());
        reply.onNext(RegisterReply.newBuilder().setEpoch(++epoch).build());
        reply.onCompleted();
    }

    @Override
    public synchronized void deregister(final DeregisterRequest request, final StreamObserver<DeregisterReply> reply) {
        members.remove(request.getId());
        streams.remove(request.getId());
        reply.onNext(DeregisterReply.getDefaultInstance());
        reply.onCompleted();
    }

    @Override
    public StreamObserver<MemberUpdate> follow(final StreamObserver<MemberControl> control) {
        return new StreamObserver<>() {
            @Override
            public void onNext(final MemberUpdate update) {
                take(update, control);
            }

            @Override
            public void onError(final Throwable failure) {
                // the member left
            }

            @Override
            public void onCompleted() {
                // the member left
            }
        };
    }

    private synchronized void take(final MemberUpdate update, final StreamObserver<MemberControl> control) {
        updates.add(update);
        if (update.hasHello()) {
            streams.put(update.getHello().getId(), control);
            streams.forEach((id, stream) -> {
                final MemberControl.Peers.Builder peers = MemberControl.Peers.newBuilder();
                members.values().stream().filter(member -> !member.getId().equals(id)).forEach(peers::addMembers);
                stream.onNext(MemberControl.newBuilder().setPeers(peers).build());
            });
        }
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
