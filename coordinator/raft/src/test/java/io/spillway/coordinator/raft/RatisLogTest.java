package io.spillway.coordinator.raft;

import static io.spillway.coordinator.raft.TestCluster.propose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.StateImage;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.TenantId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RatisLogTest {
    private static final CommandResult DONE = new CommandResult.Done();

    @TempDir
    private Path directory;

    private static Command tenant(final String id) {
        return new Command.CreateTenant(new TenantId(id), new byte[32]);
    }

    private static Command register(final String id) {
        final NodeDescriptor store = new NodeDescriptor(new NodeId(id), NodeRole.STORE, new Endpoint("127.0.0.1", 1),
            new Endpoint("127.0.0.1", 2), Optional.empty(), 0);
        return new Command.RegisterNode(store, 10_000);
    }

    private static Command settle(final String tenant, final int entries) {
        return new Command.SettleUsage(Collections.nCopies(entries,
            new Command.UsageEntry(new TenantId(tenant), "run", "brook", 10, 4, 3, 7)));
    }

    private static void assertEqualImages(final TestCluster cluster) {
        cluster.awaitSameIndex();
        final List<StateImage> images = cluster.replicas().stream().map(RatisLog::image).distinct().toList();
        assertThat(images).hasSize(1);
    }

    @Test
    void aFollowerTakesACommandAndEveryReplicaAppliesIt() throws IOException {
        try (TestCluster cluster = TestCluster.started(directory, 3)) {
            final RatisLog follower = cluster.follower(cluster.awaitLeader());
            final long before = System.currentTimeMillis();
            final var registered = (CommandResult.Registered) propose(follower, "a", register("n1"));
            assertThat(registered.epoch()).isEqualTo(1);
            assertThat(registered.leaseUntilEpochMillis()).isBetween(before + 10_000, System.currentTimeMillis() + 10_000);
            assertThat(propose(follower, "b", tenant("acme"))).isEqualTo(DONE);
            assertThat(propose(follower, "c", tenant("acme")))
                .isInstanceOfSatisfying(CommandResult.Refused.class,
                    refused -> assertThat(refused.code()).isEqualTo(ErrorCode.ALREADY_EXISTS));
            assertThat(follower.view().members()).containsOnlyKeys(new NodeId("n1"));
            assertEqualImages(cluster);
            assertThat(follower.leadership().term()).isPositive();
            assertThat(follower.leadership().appliedIndex()).isGreaterThanOrEqualTo(follower.view().appliedIndex());
        }
    }

    @Test
    void aNewLeaderTakesOverAndKnowsWhatTheOldOneAnswered() throws IOException {
        try (TestCluster cluster = TestCluster.started(directory, 3)) {
            final String leader = cluster.awaitLeader();
            final RatisLog follower = cluster.follower(leader);
            final CommandResult first = propose(follower, "same", register("n1"));
            cluster.stop(leader);
            assertThat(propose(follower, "same", register("n1"))).isEqualTo(first);
            assertThat(propose(follower, "other", register("n1"))).isNotEqualTo(first);
            assertThat(cluster.awaitLeader()).isNotEqualTo(leader);
            cluster.start(leader);
            assertThat(propose(cluster.replica(leader), "same", register("n1"))).isEqualTo(first);
            assertEqualImages(cluster);
            assertThat(follower.image().lastEpoch()).isEqualTo(2);
        }
    }

    @Test
    void commandsUnderWayWhenTheLeaderGoesEachApplyOnce() throws IOException {
        try (TestCluster cluster = TestCluster.started(directory, 3)) {
            final String leader = cluster.awaitLeader();
            final RatisLog follower = cluster.follower(leader);
            assertThat(propose(follower, "tenant", tenant("acme"))).isEqualTo(DONE);
            final List<CompletableFuture<CommandResult>> answers = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                answers.add(follower.propose("settle-" + i, settle("acme", 1)));
            }
            cluster.stop(leader);
            answers.forEach(answer -> assertThat(answer.orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo(DONE));
            assertThat(follower.view().usage().get(new TenantId("acme")).requests()).isLessThanOrEqualTo(200);
            assertEqualImages(cluster);
            assertThat(follower.view().usage().get(new TenantId("acme")).requests()).isEqualTo(200);
        }
    }

    @Test
    void aReplicaThatMissedWhatTheLogNoLongerHoldsGetsASnapshot() throws IOException {
        try (TestCluster cluster = new TestCluster(directory, 3, TestCluster.TIMEOUTS, 40)) {
            cluster.startAll();
            final String leader = cluster.awaitLeader();
            assertThat(propose(cluster.replica(leader), "tenant", tenant("acme"))).isEqualTo(DONE);
            cluster.awaitSameIndex();
            final String late = cluster.followerIds(leader).getFirst();
            final long lateIndex = cluster.replica(late).view().appliedIndex();
            cluster.stop(late);
            final int entriesPerCommand = 2000;
            for (int i = 0; i < 100; i++) {
                propose(cluster.replica(leader), "settle-" + i, settle("acme", entriesPerCommand));
            }
            TestCluster.await("a purged log", () -> firstLogIndex(cluster.storage(cluster.awaitLeader())) > lateIndex + 1);
            cluster.start(late);
            TestCluster.await("the late replica", () -> cluster.replica(late).view().usage()
                .getOrDefault(new TenantId("acme"), io.spillway.coordinator.state.ClusterView.UsageTotals.ZERO)
                .requests() == 100L * entriesPerCommand);
            assertEqualImages(cluster);
            assertThat(propose(cluster.replica(late), "settle-7", settle("acme", 1))).isEqualTo(DONE);
            assertThat(cluster.replicas()).allSatisfy(log -> assertThat(log.snapshotsFailed()).isZero());
            assertEqualImages(cluster);
        }
    }

    @Test
    void aClusterStoppedAndStartedOnOtherPortsKnowsEverything() throws IOException {
        final StateImage before;
        try (TestCluster cluster = TestCluster.started(directory, 3)) {
            final RatisLog any = cluster.replica("c1");
            propose(any, "a", register("n1"));
            propose(any, "b", tenant("acme"));
            propose(any, "c", settle("acme", 3));
            assertEqualImages(cluster);
            before = any.image();
        }
        try (TestCluster cluster = TestCluster.started(directory, 3)) {
            TestCluster.await("the old state", () -> cluster.replica("c2").view().usage().size() == 1);
            cluster.awaitSameIndex();
            assertThat(cluster.replica("c2").image()).isEqualTo(before);
            assertThat(propose(cluster.replica("c3"), "a", register("n1"))).isEqualTo(before.remembered().getFirst().result());
            assertThat(propose(cluster.replica("c3"), "d", register("n1")))
                .isInstanceOfSatisfying(CommandResult.Registered.class,
                    registered -> assertThat(registered.epoch()).isEqualTo(2));
        }
    }

    @Test
    void aSingleReplicaServesAlone() throws IOException {
        try (TestCluster cluster = TestCluster.started(directory, 1)) {
            assertThat(propose(cluster.replica("c1"), "a", tenant("acme"))).isEqualTo(DONE);
            assertThat(cluster.replica("c1").leadership().leading()).isTrue();
            cluster.stop("c1");
            assertThat(propose(cluster.start("c1"), "b", tenant("acme"))).isInstanceOf(CommandResult.Refused.class);
        }
    }

    @Test
    void aSnapshotThatCannotBeWrittenIsCountedAndCostsNothing() throws IOException {
        try (TestCluster cluster = TestCluster.started(directory, 1)) {
            final RatisLog log = cluster.replica("c1");
            assertThat(propose(log, "a", tenant("acme"))).isEqualTo(DONE);
            try (Stream<Path> files = Files.walk(cluster.storage("c1"))) {
                Files.delete(files.filter(file -> file.endsWith("sm")).findFirst().orElseThrow());
            }
            cluster.stop("c1");
            assertThat(log.snapshotsFailed()).isEqualTo(1);
            assertThat(propose(cluster.start("c1"), "a", tenant("acme"))).isEqualTo(DONE);
            assertThat(cluster.replica("c1").view().secrets()).containsOnlyKeys(new TenantId("acme"));
        }
    }

    @Test
    void withoutAMajorityProposalsEndWithNoLeader() throws IOException {
        final RaftConfig.Timeouts impatient = new RaftConfig.Timeouts(Duration.ofMillis(500), Duration.ofMillis(1000),
            Duration.ofMillis(150), Duration.ofMillis(500), Duration.ofMillis(300));
        try (TestCluster cluster = new TestCluster(directory, 3, impatient, 100)) {
            final RatisLog alone = cluster.start("c1");
            assertThatThrownBy(() -> propose(alone, "a", tenant("acme")))
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(SpillwayException.class,
                    failure -> assertThat(failure.code()).isEqualTo(ErrorCode.NO_LEADER));
            final CompletableFuture<CommandResult> underWay = alone.propose("b", tenant("acme"));
            alone.close();
            assertThat(underWay).failsWithin(Duration.ofSeconds(5));
            assertThat(alone.propose("c", tenant("acme"))).isCompletedExceptionally();
        }
    }

    @Test
    void tooManyTooLargeAndUnnamedProposalsAreRefused() throws IOException {
        try (TestCluster cluster = new TestCluster(directory, 3, TestCluster.TIMEOUTS, 100)) {
            final RatisLog alone = cluster.start("c1");
            final List<CompletableFuture<CommandResult>> answers = new ArrayList<>();
            for (int i = 0; i < Proposals.IN_FLIGHT_MAX + 5; i++) {
                answers.add(alone.propose("p" + i, new Command.ExpireLeases()));
            }
            assertThat(alone.proposalsRefused()).isEqualTo(5);
            assertThat(codeOf(answers.getLast())).isEqualTo(ErrorCode.OVERLOADED);
            assertThat(codeOf(alone.propose("large", settle("acme", 30_000)))).isEqualTo(ErrorCode.ABOVE_MAXIMUM);
            assertThat(codeOf(alone.propose("", tenant("acme")))).isEqualTo(ErrorCode.INVALID_VALUE);
        }
    }

    @Test
    void aPortInUseIsOneClearError() throws IOException {
        try (TestCluster cluster = new TestCluster(directory, 1, TestCluster.TIMEOUTS, 100)) {
            final Endpoint endpoint = cluster.config("c1").self().endpoint();
            try (var socket = new java.net.ServerSocket(endpoint.port(), 1, java.net.InetAddress.getLoopbackAddress())) {
                assertThat(socket.isBound()).isTrue();
                assertThatThrownBy(() -> cluster.start("c1"))
                    .isInstanceOf(SpillwayException.class)
                    .hasMessageContaining(endpoint.toString());
            }
        }
    }

    private static ErrorCode codeOf(final CompletableFuture<CommandResult> failed) {
        return ((SpillwayException) failed.exceptionNow()).code();
    }

    /** @return index of the oldest entry in the log files of a replica */
    private static long firstLogIndex(final Path storage) {
        try (Stream<Path> files = Files.walk(storage)) {
            return files.map(file -> file.getFileName().toString())
                .filter(name -> name.startsWith("log_"))
                .mapToLong(name -> Long.parseLong(name.replaceFirst("log_(inprogress_)?", "").replaceFirst("-.*", "")))
                .min().orElse(0);
        } catch (final IOException | java.io.UncheckedIOException e) {
            return 0;
        }
    }
}
