package io.spillway.local.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFileTest {
    @TempDir
    private Path folder;

    @Test
    void readsBackAndIsSecret() throws Exception {
        final RunFile run = run(ClusterProcess.of("cluster", "cluster", ProcessHandle.current(), "a.log"));
        run.write(folder);
        assertThat(RunFile.read(folder)).contains(run);
        assertThat(Files.getPosixFilePermissions(folder.resolve("run.json")))
            .containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
        RunFile.delete(folder);
        assertThat(RunFile.read(folder)).isEmpty();
        RunFile.delete(folder);
    }

    @Test
    void theJsonLineHasExactlyWhatScriptsReadAndNoLineBreak() throws Exception {
        final String line = run(new ClusterProcess("node", "node-1", 12, 34, "n.log")).toJsonLine();
        assertThat(line).doesNotContain("\n");
        final JsonNode json = new JsonMapper().readTree(line);
        assertThat(json.fieldNames()).toIterable().containsExactly("base_url", "api_key", "console_url", "processes");
        assertThat(json.path("processes").path(0).toString())
            .isEqualTo("{\"role\":\"node\",\"name\":\"node-1\",\"pid\":12,\"log\":\"n.log\"}");
    }

    @Test
    void aPidThatNowBelongsToAnotherProcessIsNotOurs() {
        final ClusterProcess self = ClusterProcess.of("cluster", "cluster", ProcessHandle.current(), "a.log");
        assertThat(self.handle()).isPresent();
        final ClusterProcess other = new ClusterProcess("cluster", "cluster", self.pid(), self.startedMillis() - 60_000, "a.log");
        assertThat(other.handle()).isEmpty();
        assertThat(Ending.end(List.of(other), line -> { })).as("this very process must live on").isZero();
        run(other).write(folder);
        assertThat(RunFile.running(folder)).isEmpty();
    }

    @Test
    void aDamagedFileSaysSo() throws Exception {
        Files.writeString(folder.resolve("run.json"), "{");
        assertThatThrownBy(() -> RunFile.read(folder)).hasMessageContaining("run.json is damaged");
    }

    @Test
    void theKeyIsMadeOnceAndKept() throws Exception {
        final Path file = folder.resolve("deep/api-key");
        final String key = ApiKeys.ofFile(file);
        assertThat(key).matches("sk-spillway-[0-9a-f]{48}");
        assertThat(ApiKeys.ofFile(file)).isEqualTo(key);
        assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
    }

    @Test
    void theReasonOfAnEndIsTheLastLineMeantForPeople() throws Exception {
        final Path log = Files.writeString(folder.resolve("x.log"), "noise\nspillway: first\nspillway: the reason\nstack trace\n");
        assertThat(LogTail.reason(log)).isEqualTo("the reason (log: " + log + ")");
        assertThat(LogTail.reason(Files.writeString(folder.resolve("y.log"), "a\nlast words\n\n"))).startsWith("last words (log: ");
        assertThat(LogTail.reason(folder.resolve("none.log"))).startsWith("it said nothing");
        assertThat(LogTail.last(log, 2)).containsExactly("spillway: the reason", "stack trace");
    }

    private static RunFile run(final ClusterProcess process) {
        return new RunFile("http://127.0.0.1:1/v1", "sk", "http://127.0.0.1:1/console", "brook", List.of("http://127.0.0.1:1/v1"),
            List.of("127.0.0.1:2"), List.of(process));
    }
}
