package io.spillway.kvstore.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.kvstore.service.BlockSink;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import io.spillway.kvstore.service.Fetch;
import io.spillway.kvstore.service.Peer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store that is killed -9 in the middle of a transfer, and started again on the same port. */
@Tag("slow")
class TransferKillTest {
    private static final NodeId STORE = new NodeId("store");
    @TempDir
    private Path directory;

    @Test
    void aKilledStoreCostsTwoSecondsAndNoWrongByte() throws IOException, InterruptedException {
        final List<byte[]> blocks = StoreProcess.blocks();
        final List<BlockHash> chain = new ArrayList<>();
        for (int i = 0; i < blocks.size(); i++) {
            chain.add(new BlockHash(1, i));
        }
        try (Member node = Member.start("node", directory); Arena arena = Arena.ofShared()) {
            int port = 0;
            for (int round = 0; round < 3; round++) {
                final Process store = startStore(port);
                try {
                    port = portOf(store);
                    node.transfer.setPeers(List.of(new Peer(STORE, NodeRole.STORE, new Endpoint("127.0.0.1", port))));
                    Member.await(() -> node.transfer.isConnected(STORE));
                    final List<MemorySegment> targets = Member.targets(arena, blocks);
                    // The third block that arrives kills its sender.
                    final BlockSink killer = (key, bytes) -> {
                        if (key.hash().low() == 2) {
                            store.destroyForcibly();
                        }
                    };
                    final long before = Member.CLOCK.nanoTime();
                    final CompletableFuture<Onboarded> getting =
                        node.transfer.get(new Fetch(STORE, chain, targets, killer), Member.in(60_000));
                    final int got = Member.get(getting).blocks();
                    assertThat(TimeUnit.NANOSECONDS.toMillis(Member.CLOCK.nanoTime() - before)).isLessThan(8000);
                    assertThat(got).isBetween(3, StoreProcess.BLOCKS);
                    for (int i = 0; i < got; i++) {
                        assertThat(targets.get(i).mismatch(MemorySegment.ofArray(blocks.get(i)))).isEqualTo(-1);
                    }
                    Member.await(() -> !node.transfer.isConnected(STORE));
                } finally {
                    store.destroyForcibly().waitFor();
                }
            }
        }
    }

    private Process startStore(final int port) throws IOException {
        final List<String> command = new ArrayList<>(List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xmx512m",
            "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            StoreProcess.class.getName(), directory.resolve("killed").toString(), Integer.toString(port)));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    private static int portOf(final Process store) throws IOException {
        final BufferedReader output =
            new BufferedReader(new InputStreamReader(store.getInputStream(), StandardCharsets.UTF_8));
        String line = output.readLine();
        while (line != null && !line.matches("\\d+")) {
            line = output.readLine();
        }
        assertThat(line).as("port of the store process").isNotNull();
        return Integer.parseInt(line);
    }
}
