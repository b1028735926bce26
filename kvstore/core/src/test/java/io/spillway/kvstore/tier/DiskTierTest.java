package io.spillway.kvstore.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.kvstore.pool.BlockPool;
import io.spillway.kvstore.pool.PooledBlock;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The test's thread is the tier's owner: it runs what the I/O threads hand back. */
class DiskTierTest {
    private static final int BLOCK = 10_000;
    private final LinkedBlockingQueue<Runnable> results = new LinkedBlockingQueue<>();
    private final List<KvEvent> events = new ArrayList<>();
    private final BlockPool pool = new BlockPool(64L << 20, BlockPool.PAGE_BYTES_DEFAULT);
    private long nowNanos;
    @TempDir
    private Path directory;
    private DiskTier tier;

    @AfterEach
    void stop() {
        closeTier();
        pool.close();
    }

    @Test
    void whatWasWrittenIsReadBackAlsoByTheNextProcess() {
        open(config(16 << 20, 1 << 20));
        write(0, 50);
        assertThat(tier.heldBlocks()).isEqualTo(50);
        readAll(0, 50);
        closeTier();
        events.clear();
        open(config(16 << 20, 1 << 20));
        assertThat(tier.heldBlocks()).isEqualTo(50);
        assertThat(events).hasSize(50).allMatch(event -> event instanceof KvEvent.BlockStored);
        readAll(0, 50);
        write(50, 60);
        readAll(0, 60);
    }

    @Test
    void aTornTailIsCutWhereverItTears() throws IOException {
        final long record = RecordHeader.recordBytes(BLOCK);
        for (int cut = 1; cut < record - 48; cut += 777) {
            open(config(16 << 20, 8 << 20));
            write(0, 3);
            closeTier();
            final Path file = segment(1);
            truncate(file, 3 * record - cut - paddingOf(BLOCK));
            open(config(16 << 20, 8 << 20));
            assertThat(tier.heldBlocks()).isEqualTo(2);
            readAll(0, 2);
            write(2, 4);
            readAll(0, 4);
            closeTier();
            deleteAll();
        }
    }

    @Test
    void anyFlippedBitIsAMissAndNeverOtherBytes() throws IOException {
        final SplittableRandom random = new SplittableRandom(42);
        open(config(16 << 20, 8 << 20));
        write(0, 10);
        final long size = Files.size(segment(1));
        long corrupt = 0;
        for (int i = 0; i < 60 && tier.heldBlocks() > 0; i++) {
            flip(segment(1), random.nextLong(size), 1 << random.nextInt(8));
            final int before = tier.heldBlocks();
            for (int block = 0; block < 10; block++) {
                readOrMiss(block);
            }
            corrupt += before - tier.heldBlocks();
        }
        assertThat(corrupt).isPositive().isEqualTo(tier.counters().corrupt());
        assertThat(events.stream().filter(event -> event instanceof KvEvent.BlockRemoved)).hasSize((int) corrupt);
    }

    @Test
    void swappedRecordsAreMisses() throws IOException {
        open(config(16 << 20, 8 << 20));
        write(0, 2);
        final int record = (int) RecordHeader.recordBytes(BLOCK);
        final byte[] all = Files.readAllBytes(segment(1));
        final byte[] swapped = all.clone();
        System.arraycopy(all, 0, swapped, record, all.length - record);
        System.arraycopy(all, record, swapped, 0, all.length - record);
        Files.write(segment(1), swapped);
        assertThat(readOrMiss(0)).isFalse();
        assertThat(readOrMiss(1)).isFalse();
        closeTier();
        open(config(16 << 20, 8 << 20));
        assertThat(tier.heldBlocks()).isZero();
    }

    @Test
    void theOldestSegmentGoesWhenTheLimitIsReached() throws IOException {
        open(config(1 << 20, 256 << 10));
        write(0, 300);
        assertThat(tier.heldBytes()).isLessThanOrEqualTo(1 << 20);
        assertThat(sizeOfFiles()).isLessThanOrEqualTo(1 << 20);
        assertThat(tier.contains(hash(0))).isFalse();
        assertThat(tier.contains(hash(299))).isTrue();
        readAll(300 - tier.heldBlocks(), 300);
        final int stored = (int) events.stream().filter(event -> event instanceof KvEvent.BlockStored).count();
        assertThat(events.size() - stored).isEqualTo(stored - tier.heldBlocks());
    }

    @Test
    void aDiskThatFailsIsARefusalAndThenTriedAgain() throws IOException {
        open(config(16 << 20, 1 << 20));
        deleteAll();
        Files.delete(directory.resolve("tier"));
        writeOne(0);
        runResults(1);
        assertThat(tier.counters().failedWrites()).isEqualTo(1);
        assertThat(writeOne(1)).isFalse();
        Files.createDirectories(directory.resolve("tier"));
        nowNanos += TimeUnit.SECONDS.toNanos(2);
        write(1, 2);
        readAll(1, 2);
    }

    @Test
    void aBlockOnItsWayToTheFileCanBeReadAlready() {
        open(config(16 << 20, 1 << 20));
        assertThat(writeOne(1)).isTrue();
        assertThat(tier.contains(hash(1))).isTrue();
        assertThat(tier.heldBlocks()).isZero();
        final PooledBlock memory = pool.allocate(BLOCK);
        final AtomicReference<DiskBlock> read = new AtomicReference<>();
        assertThat(tier.read(hash(1), memory, read::set)).isTrue();
        assertThat(memory.crc32c()).isEqualTo(read.get().crc32c());
        pool.release(memory);
        assertThat(writeOne(1)).isFalse();
        runResults(1);
        readAll(1, 2);
        assertThat(events).hasSize(1);
    }

    @Test
    void moreThanStagingHoldsIsRefusedAndCounted() {
        open(new DiskConfig(directory.resolve("tier"), 16 << 20, 1 << 20, 32 << 10, 4));
        int refused = 0;
        for (int i = 0; i < 5; i++) {
            refused += writeOne(i) ? 0 : 1;
        }
        assertThat(refused).isEqualTo(3);
        assertThat(tier.counters().refusedWrites()).isEqualTo(3);
        runResults(2);
    }

    @Test
    void aDirectoryThatIsAFileIsAConfigError() throws IOException {
        Files.writeString(directory.resolve("file"), "x");
        assertThatThrownBy(() -> DiskTier.open(
            DiskConfig.of(directory.resolve("file"), 1 << 30), events::add, results::add, () -> nowNanos))
            .isInstanceOf(SpillwayException.class).hasMessageContaining("disk tier");
        open(config(16 << 20, 1 << 20));
    }

    private DiskConfig config(final long maxBytes, final long segmentBytes) {
        return new DiskConfig(directory.resolve("tier"), maxBytes, segmentBytes, 1 << 20, 16);
    }

    private void open(final DiskConfig config) {
        tier = DiskTier.open(config, events::add, results::add, () -> nowNanos);
    }

    private void closeTier() {
        if (tier != null) {
            tier.close();
            for (Runnable result = results.poll(); result != null; result = results.poll()) {
                result.run();
            }
            tier.closeStaging();
            tier = null;
        }
    }

    private void write(final int from, final int to) {
        for (int i = from; i < to; i++) {
            final long before = tier.counters().written();
            assertThat(writeOne(i)).isTrue();
            while (tier.counters().written() == before) {
                runResults(1);
            }
        }
    }

    private boolean writeOne(final int number) {
        final PooledBlock memory = pool.allocate(BLOCK);
        memory.copyFrom(MemorySegment.ofArray(bytes(number)));
        final BlockKey key = new BlockKey(hash(number), hash(number - 1));
        final boolean taken = tier.write(new HostBlock(key, memory.crc32c(), hash(0), memory));
        pool.release(memory);
        return taken;
    }

    private void readAll(final int from, final int to) {
        for (int i = from; i < to; i++) {
            assertThat(readOrMiss(i)).as("block " + i).isTrue();
        }
    }

    /** @return false = a miss; other bytes than were written fail the test */
    private boolean readOrMiss(final int number) {
        final PooledBlock memory = pool.allocate(BLOCK);
        final AtomicReference<DiskBlock> read = new AtomicReference<>();
        if (tier.read(hash(number), memory, read::set)) {
            runResults(1);
        }
        final byte[] found = new byte[BLOCK];
        memory.copyTo(MemorySegment.ofArray(found));
        pool.release(memory);
        if (read.get() == null) {
            return false;
        }
        assertThat(found).isEqualTo(bytes(number));
        assertThat(read.get().key()).isEqualTo(new BlockKey(hash(number), hash(number - 1)));
        return true;
    }

    private void runResults(final int count) {
        try {
            for (int i = 0; i < count; i++) {
                final Runnable result = results.poll(10, TimeUnit.SECONDS);
                assertThat(result).as("a result of the I/O threads").isNotNull();
                result.run();
            }
        } catch (final InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static int paddingOf(final int length) {
        return (int) (RecordHeader.recordBytes(length) - RecordHeader.BYTES - length);
    }

    private Path segment(final int number) {
        return directory.resolve("tier").resolve("segment-" + number + ".kv");
    }

    private void deleteAll() throws IOException {
        try (var files = Files.list(directory.resolve("tier"))) {
            for (final Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    private long sizeOfFiles() throws IOException {
        long bytes = 0;
        try (var files = Files.list(directory.resolve("tier"))) {
            for (final Path file : files.toList()) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }

    private static void truncate(final Path file, final long length) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(length);
        }
    }

    private static void flip(final Path file, final long at, final int bit) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(at);
            final int before = Math.max(0, open.read());
            open.seek(at);
            open.write(before ^ bit);
        }
    }

    private static BlockHash hash(final int number) {
        return new BlockHash(1, number);
    }

    private static byte[] bytes(final int number) {
        final byte[] bytes = new byte[BLOCK];
        new SplittableRandom(number).nextBytes(bytes);
        return bytes;
    }
}
