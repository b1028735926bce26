package io.spillway.local.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.local.SpillwayMain;
import io.spillway.local.cluster.ChildProcesses;
import io.spillway.local.cluster.ClusterProcess;
import io.spillway.local.cluster.RunFile;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The commands as a person types them: output, one clear line for what is wrong, exit status. */
class CommandsTest {
    @TempDir
    private Path data;

    private record Outcome(int status, String out, String err) {
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "up --nodes 0                | 1 | --nodes must be 1 to 64, got 0",
        "up --port 70000             | 1 | --port must be 0 (any) to 65535, got 70000",
        "up --model /no/such/model   | 1 | no model at /no/such/model; give --model a GGUF file or a Hugging Face directory",
        "up --json                   | 1 | --json needs --detach",
        "up --nodes two              | 2 | Invalid value for option '--nodes'",
        "up --prot 1                 | 2 | Unknown option",
        "launch                      | 2 | Unmatched argument",
        "status                      | 3 | nothing runs in",
        "down                        | 0 | nothing runs in",
        "logs                        | 1 | nothing was started there",
        "chat                        | 2 | Missing required parameter: 'QUESTION'",
        "chat hello                  | 1 | start one with `./spillway up --detach`",
        "demo                        | 1 | start one with `./spillway up --detach`",
        "demo --limit 0              | 1 | --limit must be at least 1",
        "demo --episodes /none.jsonl | 1 | no episode file at /none.jsonl",
        "demo --base-url nonsense    | 1 | --base-url must look like",
    })
    void whatIsWrongIsOneClearLine(final String typed, final int status, final String problem) {
        final Outcome outcome = run(typed.split(" "));
        assertThat(outcome.status()).isEqualTo(status);
        assertThat(outcome.err()).startsWith("spillway: ").contains(problem);
        assertThat(outcome.err().lines().filter(line -> !line.startsWith("try: "))).hasSize(1);
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void aPortInUseIsSaidBeforeAnythingStarts() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            final Outcome outcome = run("up", "--port", Integer.toString(other.getLocalPort()));
            assertThat(outcome.status()).isEqualTo(1);
            assertThat(outcome.err().strip()).isEqualTo("spillway: port " + other.getLocalPort()
                + " is in use by another program; give --port another one, or --port 0 for any free one");
        }
    }

    @Test
    void aRunningClusterIsSeenAndEndedAndNothingElse() throws Exception {
        final Path log = data.resolve("logs/node-1.log");
        final Process child = ChildProcesses.spawn(List.of("sh", "-c", "echo hello; echo there; exec sleep 60"), log);
        final Process bystander = new ProcessBuilder("sleep", "60").start();
        try {
            final ClusterProcess ours = ClusterProcess.of("node", "node-1", child.toHandle(), log.toString());
            final ClusterProcess reused = new ClusterProcess("node", "node-2", bystander.pid(), ours.startedMillis() - 3_600_000, "");
            new RunFile("http://127.0.0.1:9/v1", "sk-1", "http://127.0.0.1:9/console", "brook", List.of("http://127.0.0.1:9/v1"),
                List.of("127.0.0.1:7", "127.0.0.1:8"), List.of(ours, reused)).write(data);

            for (final String node : List.of("node-1", "node-2")) {
                Files.writeString(Files.createDirectories(data.resolve(node)).resolve("device"), "CPU, kernels\n");
            }
            final Path stale = Files.writeString(Files.createDirectories(data.resolve("node-3")).resolve("device"), "CPU, others\n");
            Files.setLastModifiedTime(stale, FileTime.fromMillis(reused.startedMillis() - 60_000));
            assertThat(run("up").err()).contains("a cluster already runs in " + data).contains("./spillway down");
            final Outcome status = run("status");
            assertThat(status.status()).as("a part is gone").isEqualTo(1);
            assertThat(status.out()).contains("node-1").contains("pid " + child.pid()).containsPattern("node-2 .*GONE")
                .contains("does not answer").contains("computes   on CPU, kernels (node-1, node-2)").doesNotContain("others");
            assertThat(run("status", "--json").out()).startsWith("{\"base_url\":\"http://127.0.0.1:9/v1\",\"api_key\":\"sk-1\"");
            assertThat(run("status", "--sdk").out().strip()).isEqualTo("127.0.0.1:7,127.0.0.1:8");
            assertThat(run("logs", "-n", "1", "node-1").out()).isEqualTo("there" + System.lineSeparator());

            assertThat(run("down").err().strip()).isEqualTo("spillway: ended 1 process");
            assertThat(child.waitFor(5, TimeUnit.SECONDS)).isTrue();
            assertThat(bystander.isAlive()).as("same pid, another start time: not ours").isTrue();
            assertThat(run("status").status()).isEqualTo(3);
        } finally {
            child.destroyForcibly();
            bystander.destroyForcibly();
        }
    }

    @Test
    void theBannerHoldsACurlLineThatNamesTheModelAndTheKey() {
        final String banner = Banner.of(new RunFile("http://127.0.0.1:8484/v1", "sk-1", "http://127.0.0.1:8484/console", "brook", List.of(),
            List.of(), List.of()), List.of("CPU, kernels (node-1)"), true);
        assertThat(banner).contains("base URL   http://127.0.0.1:8484/v1").contains("API key    sk-1")
            .contains("console    http://127.0.0.1:8484/console").contains("curl http://127.0.0.1:8484/v1/chat/completions").contains("\n  computes   on CPU, kernels (node-1)\n")
            .contains("Authorization: Bearer sk-1").contains("\"model\": \"brook\"").contains("./spillway down");
    }

    @Test
    void progressOfAnotherProcessIsToldOnce() throws Exception {
        final Path log = data.resolve("x.log");
        final ProgressTail tail = new ProgressTail(log);
        assertThat(tail.fresh()).isEmpty();
        Files.writeString(log, "spillway> one\nnoise\n");
        assertThat(tail.fresh()).containsExactly("one");
        Files.writeString(log, "spillway> one\nspillway: reason\nspillway> two\n");
        assertThat(tail.fresh()).containsExactly("two");
        assertThat(tail.fresh()).isEmpty();
    }

    private Outcome run(final String... typed) {
        final StringWriter out = new StringWriter();
        final StringWriter err = new StringWriter();
        final CommandLine line = SpillwayMain.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        final List<String> args = new java.util.ArrayList<>(List.of(typed));
        if (!typed[0].equals("launch")) {
            args.addAll(1, List.of("--data", data.toString()));
        }
        final int status = line.execute(args.toArray(String[]::new));
        return new Outcome(status, out.toString(), err.toString());
    }
}
