package io.spillway.coordinator.raft;

import io.spillway.coordinator.state.ClusterState;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.StateImage;
import io.spillway.coordinator.state.StateLimits;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.EpochClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.util.LifeCycle;

/**
 * {@link ClusterState} as Ratis drives it. An entry of the log is the leader's time, then the command.
 *
 * <p>{@code state} is written by Ratis' updater thread only (start-up and reload run before it or on it). A command that this
 * replica cannot read stops it there: skipping it would let the replicas differ.
 */
final class ClusterStateMachine extends BaseStateMachine {
    private final EpochClock clock;
    private final SimpleStateMachineStorage storage = new SimpleStateMachineStorage();
    private ClusterState state = new ClusterState();
    private volatile ClusterView view = ClusterView.EMPTY;
    private volatile Consumer<ClusterView> viewListener = newView -> { };
    private volatile Throwable failure;
    private final AtomicLong snapshotsFailed = new AtomicLong();

    ClusterStateMachine(final EpochClock clock) {
        this.clock = clock;
    }

    /** @return the state after the newest command applied; any thread */
    ClusterView view() {
        return view;
    }

    /** @param listener told every new view, on the thread that applies: must not block */
    void onView(final Consumer<ClusterView> listener) {
        viewListener = listener;
        listener.accept(view);
    }

    private void publish(final ClusterView newView) {
        view = newView;
        viewListener.accept(newView);
    }

    /** @return why this replica stopped applying the log, if it did; any thread */
    Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    /** @return snapshots that could not be written; any thread */
    long snapshotsFailed() {
        return snapshotsFailed.get();
    }

    /** @return everything applied so far; only while no command is being applied */
    StateImage image() {
        return state.image();
    }

    @Override
    public SimpleStateMachineStorage getStateMachineStorage() {
        return storage;
    }

    @Override
    public void initialize(final RaftServer server, final RaftGroupId group, final RaftStorage raftStorage)
        throws IOException {
        super.initialize(server, group, raftStorage);
        getLifeCycle().startAndTransition(() -> {
            SnapshotFiles.removeUnfinished(raftStorage.getStorageDir().getStateMachineDir().toPath());
            storage.init(raftStorage);
            load(storage.getLatestSnapshot());
        }, IOException.class);
    }

    @Override
    public void pause() {
        getLifeCycle().transition(LifeCycle.State.PAUSING);
        getLifeCycle().transition(LifeCycle.State.PAUSED);
    }

    /** The leader sent a snapshot because its log no longer holds what we lack. */
    @Override
    public void reinitialize() throws IOException {
        load(storage.loadLatestSnapshot());
        if (getLifeCycleState() == LifeCycle.State.PAUSED) {
            getLifeCycle().transition(LifeCycle.State.STARTING);
            getLifeCycle().transition(LifeCycle.State.RUNNING);
        }
    }

    private void load(final SingleFileSnapshotInfo snapshot) throws IOException {
        if (snapshot == null) {
            return;
        }
        try {
            state = new ClusterState(StateLimits.DEFAULT, SnapshotFiles.read(snapshot));
        } catch (final SpillwayException e) {
            throw new IOException("snapshot " + snapshot.getFile().getPath() + " cannot be read: " + e.getMessage(), e);
        }
        setLastAppliedTermIndex(snapshot.getTermIndex());
        publish(state.view(snapshot.getIndex()));
    }

    /** On the leader, before the command enters the log: refuses what no replica could read, and adds the time. */
    @Override
    public TransactionContext startTransaction(final RaftClientRequest request) {
        final ByteString command = request.getMessage().getContent();
        final TransactionContext context = TransactionContext.newBuilder()
            .setServerRole(RaftPeerRole.LEADER)
            .setStateMachine(this)
            .setClientRequest(request)
            .setLogData(stamped(command))
            .build();
        try {
            CommandCodec.decode(command.asReadOnlyByteBuffer());
        } catch (final SpillwayException e) {
            context.setException(new StateMachineException(e.getMessage(), e));
        }
        return context;
    }

    @Override
    public CompletableFuture<Message> applyTransaction(final TransactionContext context) {
        final LogEntryProto entry = context.getLogEntry();
        final CommandResult result;
        try {
            result = apply(entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer());
        } catch (final RuntimeException e) {
            failure = e;
            throw e;
        }
        updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
        publish(state.view(entry.getIndex()));
        final ByteString answer = ByteString.copyFrom(ResultCodec.encode(result));
        return CompletableFuture.completedFuture(Message.valueOf(answer, result.getClass()::getSimpleName));
    }

    private CommandResult apply(final ByteBuffer entry) {
        final long epochMillis = entry.getLong();
        final CommandCodec.Proposal proposal = CommandCodec.decode(entry);
        return state.apply(proposal.commandId(), proposal.command(), epochMillis);
    }

    private ByteString stamped(final ByteString command) {
        final ByteBuffer entry = ByteBuffer.allocate(Long.BYTES + command.size()).putLong(clock.epochMillis());
        entry.put(command.asReadOnlyByteBuffer());
        return ByteString.copyFrom(entry.flip());
    }

    /** An entry of Ratis' own: the view moves on too, so that replicas with the same log name the same index. */
    @Override
    public void notifyTermIndexUpdated(final long term, final long index) {
        super.notifyTermIndexUpdated(term, index);
        publish(state.view(index));
    }

    /** The disk did not take an entry: this replica no longer keeps what it is told. */
    @Override
    public void notifyLogFailed(final Throwable cause, final LogEntryProto entry) {
        failure = cause;
    }

    /**
     * On the updater thread, between two commands. An {@code IOException} makes Ratis keep the log and go on. Anything else
     * thrown while a replica closes makes its updater thread spin and the closing hang: so errors are wrapped too.
     */
    @Override
    public long takeSnapshot() throws IOException {
        final TermIndex index = getLastAppliedTermIndex();
        if (index.getIndex() < 0) {
            return index.getIndex();
        }
        try {
            final var file = storage.getSnapshotFile(index.getTerm(), index.getIndex()).toPath();
            storage.updateLatestSnapshot(SnapshotFiles.write(file, index, state.image()));
        } catch (final IOException | RuntimeException | Error e) {
            snapshotsFailed.incrementAndGet();
            throw e instanceof IOException io ? io : new IOException("the state could not be written down", e);
        }
        return index.getIndex();
    }
}
