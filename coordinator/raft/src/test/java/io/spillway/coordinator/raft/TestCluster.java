package io.spillway.coordinator.raft;

import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.domain.cluster.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Real replicas on free loopback ports, in this JVM. */
final class TestCluster implements AutoCloseable {
    /** Short enough for a test, long enough for two busy cores. */
    static final RaftConfig.Timeouts TIMEOUTS = new RaftConfig.Timeouts(Duration.ofMillis(500), Duration.ofMillis(1000),
        Duration.ofMillis(150), Duration.ofMillis(2000), Duration.ofMillis(20_000));
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final Path directory;
    private final RaftConfig.Timeouts timeouts;
    private final int snapshotCommands;
    private final TreeMap<String, RatisLog> running = new TreeMap<>();
    private List<RaftConfig.Peer> peers;

    TestCluster(final Path directory, final int replicas, final RaftConfig.Timeouts timeouts, final int snapshotCommands)
        throws IOException {
        this.directory = directory;
        this.timeouts = timeouts;
        this.snapshotCommands = snapshotCommands;
        this.peers = peersOnFreePorts(replicas);
    }

    static TestCluster started(final Path directory, final int replicas) throws IOException {
        final TestCluster cluster = new TestCluster(directory, replicas, TIMEOUTS, RaftConfig.SNAPSHOT_COMMANDS);
        cluster.startAll();
        return cluster;
    }

    void startAll() {
        peers.forEach(peer -> start(peer.id()));
    }

    RatisLog start(final String id) {
        final RatisLog log = RatisLog.open(config(id), RatisLog.Clocks.SYSTEM);
        running.put(id, log);
        return log;
    }

    RaftConfig config(final String id) {
        return new RaftConfig("test", id, peers, storage(id), timeouts, snapshotCommands);
    }

    Path storage(final String id) {
        return directory.resolve(id);
    }

    void stop(final String id) {
        running.remove(id).close();
    }

    void moveToOtherPorts() throws IOException {
        peers = peersOnFreePorts(peers.size());
    }

    RatisLog replica(final String id) {
        return running.get(id);
    }

    List<RatisLog> replicas() {
        return List.copyOf(running.values());
    }

    /** @return id of the replica that says it leads, once one does */
    String awaitLeader() {
        await("a leader", () -> running.values().stream().anyMatch(log -> log.leadership().leading()));
        return running.values().stream().map(RatisLog::leadership).filter(leadership -> leadership.leading())
            .findFirst().orElseThrow().leaderId();
    }

    /** @return a replica that follows {@code leader} */
    RatisLog follower(final String leader) {
        return running.get(followerIds(leader).getFirst());
    }

    List<String> followerIds(final String leader) {
        return running.keySet().stream().filter(id -> !id.equals(leader)).toList();
    }

    /** Waits until all running replicas have applied what the leader has. */
    void awaitSameIndex() {
        await("equal indices",
            () -> running.values().stream().map(log -> log.view().appliedIndex()).distinct().count() == 1);
    }

    static CommandResult propose(final RatisLog log, final String id, final Command command) {
        return log.propose(id, command).orTimeout(30, TimeUnit.SECONDS).join();
    }

    static void await(final String what, final BooleanSupplier condition) {
        final long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("waited in vain for " + what);
            }
            java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    @Override
    public void close() {
        running.values().parallelStream().forEach(RatisLog::close);
    }

    private static List<RaftConfig.Peer> peersOnFreePorts(final int count) throws IOException {
        final List<ServerSocket> sockets = new ArrayList<>();
        final List<RaftConfig.Peer> peers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            peers.add(new RaftConfig.Peer("c" + (i + 1), new Endpoint("127.0.0.1", sockets.getLast().getLocalPort())));
        }
        for (final ServerSocket socket : sockets) {
            socket.close();
        }
        return peers;
    }
}
