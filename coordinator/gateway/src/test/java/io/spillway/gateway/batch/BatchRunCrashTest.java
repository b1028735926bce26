package io.spillway.gateway.batch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.coordinator.batch.BatchChange;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.batch.BatchOrder;
import io.spillway.coordinator.batch.BatchStatus;
import io.spillway.coordinator.state.Command;
import io.spillway.domain.id.BatchId;
import io.spillway.domain.id.FileId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.MemoryLog;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.files.DirectoryFiles;
import io.spillway.gateway.files.FileLimits;
import io.spillway.gateway.files.FilePurpose;
import io.spillway.gateway.files.FileStore;
import io.spillway.gateway.files.SharedDirectory;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.LocalCalls;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.openai.ApiErrors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs of one batch that are stopped anywhere, or live on while others have claimed it, their segments torn: in the end the files
 * hold every line exactly once, in order, and every answer is paid exactly once.
 */
class BatchRunCrashTest {
    private static final TenantId TENANT = new TenantId("acme");
    private static final BatchId ID = new BatchId("batch_1");
    private static final int LINES = 30;

    /** {@code -Dspillway.crashes=60} for the long run. */
    private static final int HISTORIES = Integer.getInteger("spillway.crashes", 4);

    static LongStream seeds() {
        return LongStream.range(0, HISTORIES);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everyLineExactlyOnce(final long seed) throws Exception {
        final Path directory = Files.createTempDirectory("batch-crash");
        try {
            new World(directory, new Random(seed)).run();
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                for (final Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static final class World {
        private final Random random;
        private final MemoryLog log = new MemoryLog(EpochClock.SYSTEM);
        private final DirectoryFiles files;
        private final Workplace place;
        private final BatchRun.Parts parts;
        private volatile CountDownLatch answers = new CountDownLatch(0);

        World(final Path directory, final Random random) {
            this.random = random;
            final SharedDirectory shared = SharedDirectory.open(directory, "mark");
            files = new DirectoryFiles(shared, FileLimits.USUAL, EpochClock.SYSTEM);
            place = new Workplace(shared, files);
            final RequestIds ids = new RequestIds(new Random(random.nextLong()));
            final LocalCalls calls = new LocalCalls(exchange -> {
                answers.countDown();
                final ObjectNode body = Json.object().put("echo", Json.parse(exchange.call().body()).path("n").asInt());
                body.putObject("usage").put("prompt_tokens", 3).put("completion_tokens", 2);
                exchange.header("x-spillway-cost", "0.000000007");
                exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(body)));
            }, new ApiErrors(), NanoClock.SYSTEM);
            parts = new BatchRun.Parts(new BatchLog(log, ids), place, new LineCaller(calls, new ApiErrors()), "m"::equals,
                new BatchLimits(LINES, 1 << 16, 4, 6, 1, 1_000_000), ids, EpochClock.SYSTEM);
        }

        void run() throws Exception {
            create();
            final List<Thread> zombies = new ArrayList<>();
            for (int lives = random.nextInt(5); lives > 0 && !job().status().ended(); lives--) {
                answers = new CountDownLatch(1 + random.nextInt(LINES));
                final BatchRun run = claim();
                final Thread thread = Thread.ofVirtual().start(run::run);
                assertThat(answers.await(5, TimeUnit.SECONDS) || job().status().ended()).isTrue();
                if (random.nextBoolean()) {
                    zombies.add(thread);
                } else {
                    run.stop();
                    thread.join();
                    tear(job());
                }
            }
            while (!job().status().ended()) {
                claim().run();
            }
            for (final Thread zombie : zombies) {
                zombie.join();
            }
            assertEnded();
        }

        private void create() throws IOException {
            final StringBuilder input = new StringBuilder();
            for (int i = 0; i < LINES; i++) {
                input.append("{\"custom_id\":\"c").append(i).append("\",\"method\":\"POST\",\"url\":\"/v1/x\",\"body\":{\"model\":\"m\",\"n\":")
                    .append(i).append("}}\n");
            }
            final Path content = Files.createTempFile(files.uploads(), "in", "");
            Files.writeString(content, input);
            final FileId file = new FileId("file-in");
            place.prepare(ID, files.add(
                new FileStore.NewFile(file, TENANT, "in.jsonl", FilePurpose.BATCH, OptionalLong.empty()), content));
            log.propose("t", new Command.CreateTenant(TENANT, new byte[32]));
            parts.log().propose(new BatchChange.Create(ID, new BatchOrder(
                TENANT, file, "/v1/x", TimeUnit.HOURS.toMillis(1), new TreeMap<>(Map.of()), OptionalLong.empty())));
        }

        private BatchJob job() {
            return parts.log().job(ID).orElseThrow();
        }

        private BatchRun claim() {
            if (!job().status().ended()) {
                try {
                    parts.log().propose(new BatchChange.Claim(ID, "owner-" + random.nextLong()));
                } catch (final io.spillway.domain.error.SpillwayException e) {
                    assertThat(job().status().ended()).as("a zombie ended it in between: " + e.getMessage()).isTrue();
                }
            }
            return new BatchRun(parts, job());
        }

        /** What a crash may leave of the last write: a piece, or rubbish. */
        private void tear(final BatchJob job) throws IOException {
            final Path file = place.segment(ID, job.work().epoch());
            if (!Files.exists(file) || random.nextInt(3) == 0) {
                return;
            }
            final int counts = job.work().accounted(job.work().epoch());
            try (Segment.Reading reading = new Segment.Reading(file); FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                for (int i = 0; i < counts; i++) {
                    assertThat(reading.next()).as("what counts is on the disk").isPresent();
                }
                final long kept = reading.position();
                channel.truncate(kept + (channel.size() > kept ? random.nextLong(channel.size() - kept) : 0));
                final byte[] rubbish = new byte[random.nextInt(30)];
                random.nextBytes(rubbish);
                channel.write(ByteBuffer.wrap(rubbish), channel.size());
            }
        }

        private void assertEnded() throws IOException {
            final BatchJob job = job();
            assertThat(job.status()).isEqualTo(BatchStatus.COMPLETED);
            assertThat(job.files().errors()).isEmpty();
            final Optional<FileChannel> output = files.open(files.find(TENANT, job.files().output().orElseThrow()).orElseThrow());
            final ByteBuffer bytes = ByteBuffer.allocate((int) output.orElseThrow().size());
            while (bytes.hasRemaining() && output.get().read(bytes) >= 0) {
                continue;
            }
            output.get().close();
            final List<ObjectNode> lines = new String(bytes.array(), StandardCharsets.UTF_8).lines()
                .map(line -> Json.parse(line.getBytes(StandardCharsets.UTF_8))).toList();
            assertThat(lines).extracting(line -> line.path("custom_id").asText())
                .isEqualTo(IntStream.range(0, LINES).mapToObj(i -> "c" + i).toList());
            assertThat(lines).extracting(line -> line.path("response").path("body").path("echo").asInt())
                .isEqualTo(IntStream.range(0, LINES).boxed().toList());
            assertThat(log.view().usage().get(TENANT).requests()).isEqualTo(LINES);
            assertThat(log.view().usage().get(TENANT).costNanoDollars()).isEqualTo(7L * LINES);
            assertThat(job.tally().outputTokens()).isEqualTo(2L * LINES);
        }
    }
}
