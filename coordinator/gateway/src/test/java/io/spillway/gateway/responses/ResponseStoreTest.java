package io.spillway.gateway.responses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResponseStoreTest {
    private static final ResponseStore.Limits LIMITS = new ResponseStore.Limits(1_000, 1_000, 600);

    @TempDir
    private Path folder;
    private final AtomicLong clock = new AtomicLong(1_000_000);

    private static ResponseKey key(final int tenant, final int id) {
        return new ResponseKey(new TenantId("t" + tenant), "resp_" + String.format("%032x", id));
    }

    private List<ResponseStore> stores() {
        return List.of(new MemoryStore(LIMITS, clock::get), DirectoryStore.open(folder.resolve("a/b"), LIMITS, clock::get));
    }

    @Test
    void whatIsKeptIsFoundByItsTenantUntilItIsUnused() {
        for (final ResponseStore store : stores()) {
            assertThat(store.put(key(1, 1), new byte[] {1})).isTrue();
            assertThat(store.put(key(1, 1), new byte[] {2})).isTrue();
            assertThat(store.get(key(1, 1)).orElseThrow()).containsExactly(2);
            assertThat(store.get(key(2, 1))).isEmpty();
            assertThat(store.remove(key(2, 1))).isFalse();
            clock.addAndGet(900);
            assertThat(store.get(key(1, 1))).isPresent();
            clock.addAndGet(900);
            assertThat(store.get(key(1, 1))).isPresent();
            clock.addAndGet(1_001);
            assertThat(store.get(key(1, 1))).isEmpty();
            assertThat(store.put(key(1, 3), new byte[601])).isFalse();
            store.put(key(1, 2), new byte[1]);
            assertThat(store.remove(key(1, 2))).isTrue();
            assertThat(store.get(key(1, 2))).isEmpty();
        }
    }

    /** Against a model: whatever is done, bounds hold, and nobody's newest document gives way to another tenant's. */
    @Property(tries = 200)
    void memoryKeepsItsBounds(@ForAll @Size(max = 60) final List<@IntRange(max = 2_999) Integer> steps) {
        final MemoryStore store = new MemoryStore(LIMITS, clock::get);
        final Map<ResponseKey, Integer> put = new LinkedHashMap<>();
        for (final int step : steps) {
            final ResponseKey key = key(step % 3, step / 3 % 10);
            final int bytes = step / 30 * 5 + 1;
            assertThat(store.put(key, new byte[bytes])).isEqualTo(bytes <= 600);
            if (bytes <= 600) {
                put.put(key, bytes);
                assertThat(store.get(key)).isPresent();
            }
            assertThat(store.bytes()).isLessThanOrEqualTo(1_000);
            long found = 0;
            for (final Map.Entry<ResponseKey, Integer> each : put.entrySet()) {
                final Optional<byte[]> document = store.get(each.getKey());
                document.ifPresent(kept -> assertThat(kept).hasSize(each.getValue()));
                found += document.map(kept -> kept.length).orElse(0);
            }
            assertThat(found).isEqualTo(store.bytes());
        }
    }

    @Test
    void aDirectoryKeepsItsBoundsAndForeignFiles() throws Exception {
        final Path root = folder.resolve("bounded");
        final DirectoryStore store = DirectoryStore.open(root, LIMITS, clock::get);
        Files.writeString(root.resolve("foreign.txt"), "mine".repeat(1_000));
        for (int i = 0; i < 40; i++) {
            clock.addAndGet(1);
            assertThat(store.put(key(i % 2, i), new byte[100])).isTrue();
        }
        assertThat(bytes(root)).isLessThanOrEqualTo(1_000 + 4_000);
        assertThat(store.get(key(1, 39))).isPresent();
        assertThat(store.get(key(0, 0))).isEmpty();
        assertThat(root.resolve("foreign.txt")).exists();
        clock.addAndGet(10_000_000);
        DirectoryStore.open(root, LIMITS, clock::get);
        assertThat(bytes(root)).isEqualTo(4_000);
    }

    private static long bytes(final Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            final List<Long> sizes = new ArrayList<>();
            files.filter(Files::isRegularFile).forEach(file -> sizes.add(size(file)));
            return sizes.stream().mapToLong(size -> size).sum();
        }
    }

    private static long size(final Path file) {
        try {
            return Files.size(file);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aDirectoryThatCannotBeIsRefused() throws Exception {
        final Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> DirectoryStore.open(file.resolve("below"), LIMITS, clock::get)).isInstanceOf(SpillwayException.class)
            .hasMessageContaining("cannot be kept");
    }

    @Test
    void aResponseWhoseReplicaIsGoneHasFailed() {
        final Conversations conversations = new Conversations(new MemoryStore(new ResponseStore.Limits(1_000_000, 1_000, 1_000), clock::get), clock::get);
        final var response = io.spillway.gateway.json.Json.object().put("id", key(1, 1).id()).put("status", "in_progress");
        conversations.keep(new TenantId("t1"), new StoredResponse(response, List.of(), "run", clock.get()));
        clock.addAndGet(Conversations.LOST_MILLIS);
        assertThat(conversations.find(new TenantId("t1"), key(1, 1).id()).orElseThrow().status().running()).isTrue();
        clock.addAndGet(1);
        final StoredResponse lost = conversations.find(new TenantId("t1"), key(1, 1).id()).orElseThrow();
        assertThat(lost.status()).isEqualTo(ResponseHead.Status.FAILED);
        assertThat(lost.response().path("error").path("code").asText()).isEqualTo("server_error");
    }
}
