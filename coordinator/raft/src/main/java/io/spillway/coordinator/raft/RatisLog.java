package io.spillway.coordinator.raft;

import io.spillway.coordinator.state.ClusterState;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.coordinator.state.StateImage;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.ExitUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replicated log on Apache Ratis: a Raft server in this process, and a client that finds the leader. Any thread may call
 * any method. Opening the same storage directory again continues where it was closed, or killed.
 */
public final class RatisLog implements ReplicatedLog {
    private static final Logger LOG = LoggerFactory.getLogger(RatisLog.class);

    static {
        keepTheProcessOurs();
    }

    private final RaftConfig config;
    private final RaftGroup group;
    private final ClusterStateMachine stateMachine;
    private final RaftServer server;
    private final Proposals proposals;

    private RatisLog(final RaftConfig config, final Clocks clocks) throws IOException {
        this.config = config;
        group = RatisSettings.group(config);
        stateMachine = new ClusterStateMachine(clocks.epoch());
        final RaftProperties properties = RatisSettings.properties(config);
        server = RaftServer.newBuilder()
            .setServerId(RaftPeerId.valueOf(config.replicaId()))
            .setGroup(group)
            .setOption(RaftStorage.StartupOption.RECOVER)
            .setStateMachine(stateMachine)
            .setProperties(properties)
            .build();
        final RaftClient client = RaftClient.newBuilder()
            .setRaftGroup(group)
            .setProperties(properties)
            .setRetryPolicy(RetryPolicies.noRetry())
            .build();
        proposals = new Proposals(client, () -> view().appliedIndex(), clocks.nano(), config.timeouts().propose());
    }

    /** The clocks a replica reads: the leader's stamps each command, the other measures deadlines. */
    public record Clocks(EpochClock epoch, NanoClock nano) {
        /** The machine's. */
        public static final Clocks SYSTEM = new Clocks(EpochClock.SYSTEM, NanoClock.SYSTEM);
    }

    /**
     * Starts a replica. It need not be the first: it serves once most replicas are up.
     *
     * @throws SpillwayException {@code INVALID_CONFIG} when the endpoint cannot be listened on or the storage directory
     *                           cannot be used
     */
    public static RatisLog open(final RaftConfig config, final Clocks clocks) {
        prepare(config);
        RatisLog log = null;
        try {
            log = new RatisLog(config, clocks);
            log.server.start();
            return log;
        } catch (final IOException | RuntimeException e) {
            final SpillwayException failure = new SpillwayException(ErrorCode.INVALID_CONFIG, "coordinator replica "
                + config.replicaId() + " cannot start at " + config.self().endpoint() + " with storage "
                + config.storageDir() + ": " + rootMessage(e), e);
            if (log != null) {
                log.close();
            }
            throw failure;
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>Once it completes, this replica's {@link #view} shows the change, unless the replica lags by more than a second.
     * Two proposals under way at once are applied in either order.
     */
    @Override
    public CompletableFuture<CommandResult> propose(final String id, final Command command) {
        if (id.isEmpty() || id.length() > ClusterState.COMMAND_ID_CHARS_MAX) {
            return CompletableFuture.failedFuture(SpillwayException.ofField(ErrorCode.INVALID_VALUE, "id",
                "a command id has 1 to " + ClusterState.COMMAND_ID_CHARS_MAX + " characters, not " + id.length()));
        }
        final byte[] encoded = CommandCodec.encode(id, command);
        if (encoded.length > RatisSettings.COMMAND_BYTES_MAX) {
            return CompletableFuture.failedFuture(SpillwayException.ofField(ErrorCode.ABOVE_MAXIMUM, "command",
                "a command has at most " + RatisSettings.COMMAND_BYTES_MAX + " bytes, not " + encoded.length
                    + ": split the batch"));
        }
        return proposals.send(encoded, command.getClass().getSimpleName() + " " + id);
    }

    @Override
    public ClusterView view() {
        return stateMachine.view();
    }

    /**
     * @param listener told the view now, and every newer one as soon as it is applied; must not block. One listener: a
     *                 second replaces the first
     */
    public void onView(final Consumer<ClusterView> listener) {
        stateMachine.onView(listener);
    }

    @Override
    public Leadership leadership() {
        try {
            final var info = server.getDivision(group.getGroupId()).getInfo();
            final RaftPeerId leader = info.getLeaderId();
            return new Leadership(config.replicaId(), leader == null ? "" : leader.toString(), info.getCurrentTerm(),
                info.getLastAppliedIndex());
        } catch (final IOException e) {
            LOG.debug("The Raft server is closed", e);
            return new Leadership(config.replicaId(), "", 0, view().appliedIndex());
        }
    }

    /**
     * Why this replica no longer keeps up, if so: its disk did not take an entry, or it met a command it cannot read, most
     * likely of a newer release. Its view no longer changes; the process should end.
     */
    public Optional<Throwable> failure() {
        return stateMachine.failure();
    }

    /** @return snapshots that could not be written since the start: the disk needs a look, the log keeps growing */
    public long snapshotsFailed() {
        return stateMachine.snapshotsFailed();
    }

    /** @return proposals refused since the start because too many were under way */
    public long proposalsRefused() {
        return proposals.refused();
    }

    /** @return everything this replica has applied; for tests, while nothing is being applied */
    StateImage image() {
        return stateMachine.image();
    }

    /** Stops serving. What was answered is on the disks of most replicas. */
    @Override
    public void close() {
        closeOne("client", proposals);
        closeOne("server", server);
    }

    /**
     * Ratis ends the process when a port is in use, and installs a handler that ends it when any thread, ours too, dies of an
     * exception. Whether a process ends is for its main to decide.
     */
    private static void keepTheProcessOurs() {
        final Thread.UncaughtExceptionHandler ours = Thread.getDefaultUncaughtExceptionHandler();
        ExitUtils.disableSystemExit();
        Thread.setDefaultUncaughtExceptionHandler(ours);
    }

    private void closeOne(final String what, final AutoCloseable part) {
        try {
            part.close();
        } catch (final Exception e) {
            LOG.warn("Closing the Raft {} of replica {} failed", what, config.replicaId(), e);
        }
    }

    /** The log holds tenant secrets: nobody else may read it. */
    private static void prepare(final RaftConfig config) {
        try {
            Files.createDirectories(config.storageDir());
            if (Files.getFileStore(config.storageDir()).supportsFileAttributeView("posix")) {
                Files.setPosixFilePermissions(config.storageDir(), PosixFilePermissions.fromString("rwx------"));
            }
        } catch (final IOException e) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "storageDir",
                "cannot use " + config.storageDir() + ": " + e.getMessage());
        }
    }

    private static String rootMessage(final Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }
}
