package io.spillway.coordinator.server;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.coordinator.state.Command;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.wire.codec.ClusterCodec;
import io.spillway.wire.codec.KvCodec;
import io.spillway.wire.v1.MemberControl;
import io.spillway.wire.v1.MemberUpdate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The open streams of members to this replica: who is alive as far as it can see.
 *
 * <p>Thread-safe: gRPC callbacks of different streams and view changes meet here.
 */
final class MemberStreams {
    private final Map<NodeId, Stream> streams = new ConcurrentHashMap<>();
    private final Sink sink;
    private volatile ClusterView view = ClusterView.EMPTY;

    MemberStreams(final Sink sink) {
        this.sink = sink;
    }

    /** Where what members say goes. */
    interface Sink {
        void onKvEvents(KvEventBatch batch);

        void onLoad(NodeLoad load);

        /** Who can be reached changed. */
        void onReachable();
    }

    StreamObserver<MemberUpdate> open(final StreamObserver<MemberControl> control) {
        return new Stream((ServerCallStreamObserver<MemberControl>) control);
    }

    /** @return the view with only those members whose stream is open under their current epoch */
    ClusterView reachable() {
        final ClusterView now = view;
        final SortedMap<NodeId, ClusterView.Member> members = new TreeMap<>();
        now.members().forEach((id, member) -> {
            final Stream stream = streams.get(id);
            if (stream != null && stream.epoch == member.epoch()) {
                members.put(id, member);
            }
        });
        return now.withMembers(members);
    }

    /** @return leases of the members heard here */
    List<Command.Lease> leases() {
        final List<Command.Lease> leases = new ArrayList<>();
        streams.forEach((id, stream) -> leases.add(new Command.Lease(id, stream.epoch)));
        leases.sort(java.util.Comparator.comparing(Command.Lease::node));
        return leases;
    }

    /** A newer state: members learn their peers, and those with an old epoch that they must register again. */
    synchronized void onView(final ClusterView newView) {
        if (newView.appliedIndex() < view.appliedIndex()) {
            return;
        }
        final boolean membersChanged = !newView.members().keySet().equals(view.members().keySet())
            || newView.members().values().stream().anyMatch(member -> epochChanged(member));
        view = newView;
        if (membersChanged) {
            streams.values().forEach(Stream::sendPeers);
            streams.values().forEach(Stream::checkEpoch);
        }
        sink.onReachable();
    }

    /** Events of a member were missed: asks it for a snapshot. */
    void resync(final NodeId member) {
        final Stream stream = streams.get(member);
        if (stream != null) {
            stream.sendResync();
        }
    }

    /** The log says that these epochs are over. */
    void onStale(final List<Command.Lease> stale) {
        for (final Command.Lease lease : stale) {
            final Stream stream = streams.get(lease.node());
            if (stream != null && stream.epoch == lease.epoch()) {
                stream.sendStaleEpoch();
            }
        }
    }

    private boolean epochChanged(final ClusterView.Member member) {
        final ClusterView.Member before = view.members().get(member.descriptor().id());
        return before == null || before.epoch() != member.epoch();
    }

    /** One member's stream. gRPC calls the observer methods one at a time; sending is guarded by the stream itself. */
    private final class Stream implements StreamObserver<MemberUpdate> {
        private final ServerCallStreamObserver<MemberControl> control;
        private NodeId id;
        private volatile long epoch;

        private Stream(final ServerCallStreamObserver<MemberControl> control) {
            this.control = control;
            control.setOnCancelHandler(this::end);
        }

        @Override
        public void onNext(final MemberUpdate update) {
            switch (update.getUpdateCase()) {
                case HELLO -> begin(update.getHello());
                case EVENTS -> sink.onKvEvents(KvCodec.toDomain(update.getEvents()));
                case LOAD -> sink.onLoad(ClusterCodec.toDomain(update.getLoad()));
                case UPDATE_NOT_SET -> throw new IllegalArgumentException("unknown member update");
            }
        }

        @Override
        public void onError(final Throwable failure) {
            end();
        }

        @Override
        public void onCompleted() {
            end();
            send(null);
        }

        private void begin(final MemberUpdate.Hello hello) {
            id = new NodeId(hello.getId());
            epoch = hello.getEpoch();
            streams.put(id, this);
            sendPeers();
            checkEpoch();
            sink.onReachable();
        }

        private void end() {
            if (id != null && streams.remove(id, this)) {
                sink.onReachable();
            }
        }

        /** A newer registration replaced this one. An older state than the registration just has not caught up yet. */
        private void checkEpoch() {
            final ClusterView.Member member = view.members().get(id);
            if (member != null && member.epoch() > epoch) {
                sendStaleEpoch();
            }
        }

        private void sendPeers() {
            final MemberControl.Peers.Builder peers = MemberControl.Peers.newBuilder();
            view.members().forEach((other, member) -> {
                if (!other.equals(id)) {
                    peers.addMembers(ClusterCodec.toWire(member.descriptor()));
                }
            });
            send(MemberControl.newBuilder().setPeers(peers).build());
        }

        private void sendResync() {
            send(MemberControl.newBuilder().setResync(MemberControl.Resync.getDefaultInstance()).build());
        }

        private void sendStaleEpoch() {
            send(MemberControl.newBuilder().setStaleEpoch(MemberControl.StaleEpoch.getDefaultInstance()).build());
        }

        /** @param message null completes the stream */
        private synchronized void send(final MemberControl message) {
            if (control.isCancelled()) {
                return;
            }
            if (message == null) {
                control.onCompleted();
            } else {
                control.onNext(message);
            }
        }
    }
}
