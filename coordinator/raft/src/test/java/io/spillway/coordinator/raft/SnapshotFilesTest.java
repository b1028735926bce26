package io.spillway.coordinator.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.coordinator.state.ClusterState;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.StateImage;
import io.spillway.domain.id.TenantId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotFilesTest {
    private static final TermIndex INDEX = TermIndex.valueOf(3, 70);

    @TempDir
    private Path directory;

    private static StateImage image() {
        final ClusterState state = new ClusterState();
        state.apply("a", new Command.CreateTenant(new TenantId("acme"), new byte[32]), 1);
        return state.image();
    }

    private Path place() {
        return directory.resolve("snapshot.3_70");
    }

    private List<String> files() throws IOException {
        try (Stream<Path> listing = Files.list(directory)) {
            return listing.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aSnapshotIsReadAsItWasWritten() throws IOException {
        final SingleFileSnapshotInfo snapshot = SnapshotFiles.write(place(), INDEX, image());
        assertThat(snapshot.getTermIndex()).isEqualTo(INDEX);
        assertThat(SnapshotFiles.read(snapshot)).isEqualTo(image());
        assertThat(files()).containsExactly("snapshot.3_70", "snapshot.3_70.md5");
    }

    @Test
    void aFailureToWriteIsThrownAndLeavesNothing() throws IOException {
        assertThatThrownBy(() -> SnapshotFiles.write(directory.resolve("no/such/snapshot.3_70"), INDEX, image()))
            .isInstanceOf(IOException.class);
        Files.createDirectories(place().resolve("in-the-way"));
        assertThatThrownBy(() -> SnapshotFiles.write(place(), INDEX, image())).isInstanceOf(IOException.class);
        assertThat(files()).containsExactly("snapshot.3_70");
    }

    @Test
    void aDamagedSnapshotIsNotRead() throws IOException {
        final SingleFileSnapshotInfo snapshot = SnapshotFiles.write(place(), INDEX, image());
        final byte[] bytes = Files.readAllBytes(place());
        bytes[bytes.length / 2] ^= 1;
        Files.write(place(), bytes);
        assertThatThrownBy(() -> SnapshotFiles.read(snapshot)).isInstanceOf(IOException.class)
            .hasMessageContaining("damaged").hasMessageContaining("storage directory");
    }

    @Test
    void whatAKilledReplicaLeftIsRemoved() throws IOException {
        SnapshotFiles.write(place(), INDEX, image());
        Files.writeString(directory.resolve("snapshot.3_90.unfinished"), "half");
        Files.writeString(directory.resolve("snapshot.3_90"), "without a digest");
        SnapshotFiles.removeUnfinished(directory);
        assertThat(files()).containsExactly("snapshot.3_70", "snapshot.3_70.md5");
        SnapshotFiles.removeUnfinished(directory.resolve("absent"));
    }
}
