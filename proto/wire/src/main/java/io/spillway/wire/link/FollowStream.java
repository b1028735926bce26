package io.spillway.wire.link;

import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.wire.codec.ClusterCodec;
import io.spillway.wire.codec.KvCodec;
import io.spillway.wire.v1.MemberControl;
import io.spillway.wire.v1.MemberUpdate;
import io.spillway.wire.v1.MembershipGrpc;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One open stream to one replica. Sends only while gRPC is ready to take more: what does not fit waits in the feed.
 * Methods run on the link's thread; {@link Events} are called on gRPC's.
 */
final class FollowStream {
    private static final int BATCH_EVENTS_MAX = 4096;

    private final EventFeed.Cursor cursor;
    private final AtomicBoolean lost = new AtomicBoolean();
    private ClientCallStreamObserver<MemberUpdate> requests;

    private FollowStream(final EventFeed.Cursor cursor) {
        this.cursor = cursor;
    }

    /** What the stream tells its owner. */
    interface Events {
        /** More can be sent. */
        void onReady();

        /** The member must register again. */
        void onStaleEpoch();

        /** The replica needs a snapshot. */
        void onResync(FollowStream stream);

        /** All other members. */
        void onPeers(List<NodeDescriptor> peers);

        /** The stream is gone; comes once. */
        void onLost();
    }

    static FollowStream open(
        final ManagedChannel channel, final NodeId self, final long epoch, final EventFeed.Cursor cursor,
        final Events events) {
        final FollowStream stream = new FollowStream(cursor);
        MembershipGrpc.newStub(channel).follow(stream.new Receiver(events));
        stream.requests.onNext(MemberUpdate.newBuilder()
            .setHello(MemberUpdate.Hello.newBuilder().setId(self.value()).setEpoch(epoch)).build());
        return stream;
    }

    void sendLoad(final NodeLoad load) {
        if (sendable()) {
            requests.onNext(MemberUpdate.newBuilder().setLoad(ClusterCodec.toWire(load)).build());
        }
    }

    void flush() {
        while (sendable()) {
            final KvEventBatch batch = cursor.poll(BATCH_EVENTS_MAX);
            if (batch == null) {
                return;
            }
            requests.onNext(MemberUpdate.newBuilder().setEvents(KvCodec.toWire(batch)).build());
        }
    }

    void resync() {
        cursor.reset();
    }

    void close() {
        if (lost.compareAndSet(false, true)) {
            requests.cancel("the member registers again", null);
        }
    }

    private boolean sendable() {
        return !lost.get() && requests.isReady();
    }

    private final class Receiver implements ClientResponseObserver<MemberUpdate, MemberControl> {
        private final Events events;

        private Receiver(final Events events) {
            this.events = events;
        }

        @Override
        public void beforeStart(final ClientCallStreamObserver<MemberUpdate> call) {
            requests = call;
            call.setOnReadyHandler(events::onReady);
        }

        @Override
        public void onNext(final MemberControl control) {
            switch (control.getControlCase()) {
                case RESYNC -> events.onResync(FollowStream.this);
                case STALE_EPOCH -> events.onStaleEpoch();
                case PEERS -> events.onPeers(
                    control.getPeers().getMembersList().stream().map(ClusterCodec::toDomain).toList());
                case CONTROL_NOT_SET -> throw new IllegalArgumentException("unknown control message");
            }
        }

        @Override
        public void onError(final Throwable failure) {
            end();
        }

        @Override
        public void onCompleted() {
            end();
        }

        private void end() {
            if (lost.compareAndSet(false, true)) {
                events.onLost();
            }
        }
    }
}
