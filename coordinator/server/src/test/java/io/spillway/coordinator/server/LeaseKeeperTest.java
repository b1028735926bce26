package io.spillway.coordinator.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.state.Command;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.KvEventBatch;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LeaseKeeperTest {
    private static final long LEASE_MILLIS = 10_000;
    private final MemoryLog log = new MemoryLog();
    private final AtomicLong ids = new AtomicLong();

    /** Renewals may have been stuck during the election: the new leader must hear its members before it drops any. */
    @Test
    void aNewLeaderWaitsForOneLeaseBeforeItDropsAMember() {
        log.propose("r", new Command.RegisterNode(new NodeDescriptor(new NodeId("n"), NodeRole.STORE,
            new Endpoint("h", 1), new Endpoint("h", 1), Optional.empty(), 0), LEASE_MILLIS));
        final LeaseKeeper keeper =
            new LeaseKeeper(log, new MemberStreams(new Nobody()), () -> "k" + ids.incrementAndGet(), LEASE_MILLIS);
        final long late = log.epochMillis.addAndGet(LEASE_MILLIS + 1);
        keeper.tick(late);
        keeper.tick(log.epochMillis.addAndGet(LEASE_MILLIS - 1));
        assertThat(log.view().members()).hasSize(1);
        keeper.tick(log.epochMillis.addAndGet(1));
        assertThat(log.view().members()).isEmpty();
    }

    private static final class Nobody implements MemberStreams.Sink {
        @Override
        public void onKvEvents(final KvEventBatch batch) {
            throw new AssertionError("nobody is connected");
        }

        @Override
        public void onLoad(final NodeLoad load) {
            throw new AssertionError("nobody is connected");
        }

        @Override
        public void onReachable() {
            // nobody is connected
        }
    }
}
