package io.spillway.local.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LaunchersTest {
    @TempDir
    private Path folder;
    private ClusterPlan plan;

    @BeforeEach
    void plan() {
        plan = ClusterPlan.of(new ClusterSpec(Path.of("models/brook"), folder, 2, 0, Serving.DEFAULT), "sk-test",
            PortBook.open(folder.resolve("ports.json"), new Random()));
    }

    @Test
    void childProcessesServeAreWrittenDownAndEnd() throws Exception {
        final List<String> progress = new ArrayList<>();
        final RunFile run;
        try (RunningCluster cluster = new ChildProcesses(folder).launch(FakeRoleMain.coordinators(plan, "brook"), progress::add)) {
            Readiness.await(plan, cluster, progress::add);
            run = RunFile.of(plan, cluster.processes());
            run.write(folder);
            assertThat(RunFile.running(folder)).contains(run);
            assertThat(run.alive()).hasSize(3).extracting(ClusterProcess::name)
                .containsExactly("coordinator-1", "coordinator-2", "coordinator-3");
            assertThat(cluster.failure()).isEmpty();
            assertThat(progress).contains("starting coordinator-1").anyMatch(line -> line.contains("serves brook"));

            final ProcessHandle second = run.processes().get(1).handle().orElseThrow();
            second.destroyForcibly();
            second.onExit().get(10, TimeUnit.SECONDS);
            assertThat(cluster.failure().orElseThrow()).startsWith("coordinator-2 (pid " + second.pid() + ") ended with status 137");
            assertThat(cluster.failure()).as("told once").isEmpty();
        }
        assertThat(run.alive()).isEmpty();
        assertThat(RunFile.running(folder)).isEmpty();
        assertThat(Ending.end(run.processes(), line -> { })).isZero();
    }

    @Test
    void aChildThatEndsBeforeItServesIsReportedInItsOwnWords() {
        try (RunningCluster cluster = new ChildProcesses(folder).launch(FakeRoleMain.coordinators(plan, "broken"), line -> { })) {
            assertThatThrownBy(() -> Readiness.await(plan, cluster, line -> { })).isInstanceOf(SpillwayException.class)
                .hasMessageContaining("ended with status 7: this model is broken on purpose (log: " + folder.resolve("logs"));
        }
    }

    @Test
    void inOneProcessRolesStartByStageAndCloseInReverse() {
        final List<String> events = new CopyOnWriteArrayList<>();
        final List<Role> roles = List.of(role("node-1", 1, events, false), role("store-1", 0, events, false), role("node-2", 1, events, false));
        final RunningCluster cluster = new InProcessCluster(folder.resolve("x.log")).launch(roles, line -> { });
        assertThat(cluster.processes()).singleElement().satisfies(process -> {
            assertThat(process.pid()).isEqualTo(ProcessHandle.current().pid());
            assertThat(process.role()).isEqualTo("cluster");
            assertThat(process.handle()).isPresent();
        });
        assertThat(events.getFirst()).isEqualTo("start store-1");
        cluster.close();
        assertThat(events.getLast()).isEqualTo("close store-1");
        assertThat(events).containsExactlyInAnyOrder("start store-1", "start node-1", "start node-2", "close node-2", "close node-1",
            "close store-1");
    }

    @Test
    void whenOneRoleFailsThoseStartedAreClosed() {
        final List<String> events = new CopyOnWriteArrayList<>();
        final List<Role> roles = List.of(role("store-1", 0, events, false), role("node-1", 1, events, true), role("node-2", 1, events, false));
        assertThatThrownBy(() -> new InProcessCluster(folder.resolve("x.log")).launch(roles, line -> { }))
            .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL_FILE))
            .hasMessage("node-1 cannot");
        assertThat(events).contains("close node-2", "close store-1").doesNotContain("close node-1");
    }

    @Test
    void portsOfAClusterAreDifferentAndTheSameAgainAfterARestart() {
        final PortBook book = PortBook.open(folder.resolve("again.json"), new Random(1));
        final ClusterSpec spec = new ClusterSpec(Path.of("m"), folder, 8, 0, Serving.DEFAULT);
        final ClusterPlan first = ClusterPlan.of(spec, "k", book);
        book.save();
        final ClusterPlan second = ClusterPlan.of(spec, "k", PortBook.open(folder.resolve("again.json"), new Random(2)));
        assertThat(second).isEqualTo(first);
        final List<Integer> ports = new ArrayList<>();
        first.coordinators().forEach(at -> ports.addAll(List.of(at.http().port(), at.rpc().port(), at.raft().port())));
        first.nodes().forEach(at -> ports.addAll(List.of(at.rpc().port(), at.transfer().port())));
        first.stores().forEach(at -> ports.add(at.transfer().port()));
        assertThat(ports).doesNotHaveDuplicates().hasSize(3 * 3 + 8 * 2 + 1);
    }

    @Test
    void aPortThatWasTakenMeanwhileIsNamed() throws Exception {
        final PortBook book = PortBook.open(folder.resolve("taken.json"), new Random());
        final int port = book.of("coordinator-1.raft");
        book.save();
        try (AutoCloseable other = FakeRoleMain.start(new FakeRoleMain.Config(port, "m"))) {
            assertThat(PortBook.free(port)).isFalse();
            final PortBook reopened = PortBook.open(folder.resolve("taken.json"), new Random());
            assertThatThrownBy(() -> reopened.of("coordinator-1.raft")).hasMessageContaining("port " + port)
                .hasMessageContaining("coordinator-1.raft").hasMessageContaining("--data");
        }
        Files.writeString(folder.resolve("bad.json"), "{nonsense");
        assertThatThrownBy(() -> PortBook.open(folder.resolve("bad.json"), new Random())).hasMessageContaining("is damaged");
    }

    private static Role role(final String name, final int stage, final List<String> events, final boolean fails) {
        return new Role("any", name, stage, new Role.Launch("none", new FakeRoleMain.Config(0, "m"), "1m"), () -> {
            if (fails) {
                throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, name + " cannot");
            }
            events.add("start " + name);
            return () -> events.add("close " + name);
        });
    }
}
