package io.spillway.coordinator.raft;

import io.spillway.domain.cluster.Endpoint;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/** Our configuration in Ratis' words. Its defaults are made for many megabytes a second; ours is a small log. */
final class RatisSettings {
    /** Most bytes of one command. */
    static final int COMMAND_BYTES_MAX = 1 << 20;
    private static final int ENTRY_BYTES_MAX = COMMAND_BYTES_MAX + 4096;
    private static final int SNAPSHOTS_KEPT = 2;
    private static final int CLIENT_THREADS = 4;

    private RatisSettings() {
    }

    /** @return the replicas, under an id that only clusters of this name have */
    static RaftGroup group(final RaftConfig config) {
        final UUID id = UUID.nameUUIDFromBytes(("spillway/" + config.cluster()).getBytes(StandardCharsets.UTF_8));
        final List<RaftPeer> peers = config.peers().stream()
            .map(peer -> RaftPeer.newBuilder().setId(peer.id()).setAddress(peer.endpoint().toString()).build())
            .toList();
        return RaftGroup.valueOf(RaftGroupId.valueOf(id), peers);
    }

    static RaftProperties properties(final RaftConfig config) {
        final RaftProperties properties = new RaftProperties();
        storage(properties, config);
        memory(properties);
        timeouts(properties, config.timeouts());
        final Endpoint self = config.self().endpoint();
        GrpcConfigKeys.Server.setHost(properties, self.host());
        GrpcConfigKeys.Server.setPort(properties, self.port());
        return properties;
    }

    private static void storage(final RaftProperties properties, final RaftConfig config) {
        final File directory = config.storageDir().toAbsolutePath().toFile();
        RaftServerConfigKeys.setStorageDir(properties, List.of(directory));
        RaftServerConfigKeys.setRemovedGroupsDir(properties, new File(directory, "removed"));
        RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, true);
        RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(properties, config.snapshotCommands());
        RaftServerConfigKeys.Snapshot.setCreationGap(properties, 1);
        RaftServerConfigKeys.Snapshot.setRetentionFileNum(properties, SNAPSHOTS_KEPT);
        RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(properties, true);
        // Whole segments behind the snapshot go at once, even when the snapshots are close together.
        RaftServerConfigKeys.Log.setPurgeGap(properties, 1);
        // The entry that notes the commit index is also what tells followers of it at once; else they learn it from the next
        // heartbeat, half a second later, and their views lag by that.
        RaftServerConfigKeys.Log.setLogMetadataEnabled(properties, true);
    }

    private static void memory(final RaftProperties properties) {
        RaftServerConfigKeys.Log.setSegmentSizeMax(properties, bytes(4 << 20));
        RaftServerConfigKeys.Log.setPreallocatedSize(properties, bytes(256 << 10));
        RaftServerConfigKeys.Log.setSegmentCacheNumMax(properties, 2);
        RaftServerConfigKeys.Log.setSegmentCacheSizeMax(properties, bytes(8 << 20));
        RaftServerConfigKeys.Log.Appender.setBufferByteLimit(properties, bytes(ENTRY_BYTES_MAX));
        // Ratis wants room for the largest entry and its frame.
        RaftServerConfigKeys.Log.setWriteBufferSize(properties, bytes(ENTRY_BYTES_MAX + 4096));
        RaftServerConfigKeys.Log.setQueueByteLimit(properties, 8 << 20);
        RaftServerConfigKeys.Log.Appender.setSnapshotChunkSizeMax(properties, bytes(1 << 20));
        RaftServerConfigKeys.Write.setByteLimit(properties, bytes(16 << 20));
        RaftServerConfigKeys.Write.setElementLimit(properties, 2 * Proposals.IN_FLIGHT_MAX);
        RaftServerConfigKeys.ThreadPool.setClientCached(properties, false);
        RaftServerConfigKeys.ThreadPool.setClientSize(properties, CLIENT_THREADS);
        GrpcConfigKeys.setMessageSizeMax(properties, bytes(8 << 20));
        // One message of the appender holds up to its whole buffer.
        GrpcConfigKeys.Server.setLeaderOutstandingAppendsMax(properties, 4);
    }

    private static void timeouts(final RaftProperties properties, final RaftConfig.Timeouts timeouts) {
        RaftServerConfigKeys.Rpc.setTimeoutMin(properties, time(timeouts.electionMin()));
        RaftServerConfigKeys.Rpc.setTimeoutMax(properties, time(timeouts.electionMax()));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(properties, time(timeouts.firstElection()));
        // A wide range: replicas that start together must not all stand for election together.
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(properties, time(timeouts.firstElection().multipliedBy(5)));
        RaftServerConfigKeys.Rpc.setRequestTimeout(properties, time(timeouts.request()));
        RaftServerConfigKeys.RetryCache.setExpiryTime(properties, time(timeouts.propose()));
        RaftClientConfigKeys.Rpc.setRequestTimeout(properties, time(timeouts.request()));
    }

    private static TimeDuration time(final Duration duration) {
        return TimeDuration.valueOf(duration.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static SizeInBytes bytes(final int bytes) {
        return SizeInBytes.valueOf(bytes);
    }
}
