package io.spillway.kvstore.tier;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.Tier;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.index.BlockIndex;
import io.spillway.kvstore.pool.BlockPool;
import io.spillway.kvstore.pool.PooledBlock;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Blocks on a disk: a log of self-describing records; the index lives in memory and is rebuilt at start. The oldest
 * segment goes when the limit is reached.
 *
 * <p>Index, staging and counters belong to the owner's thread. Files belong to one writer and two reader threads behind
 * bounded queues; their results come back through {@code owner}. Fails open: a disk that is full, slow or broken makes
 * {@link #write} refuse and {@link #read} miss, and is tried again a second later.
 */
public final class DiskTier implements AutoCloseable {
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int READERS = 2;

    private final DiskConfig config;
    private final SegmentFiles files;
    private final BlockPool staging;
    private final BlockIndex<RecordHeader> index = new BlockIndex<>();
    private final Map<Integer, List<BlockHash>> bySegment = new HashMap<>();
    /** Blocks that wait to be written: readable from their copy, so that a victim is never nowhere. */
    private final Map<BlockHash, Writing> writing = new HashMap<>();
    private final Consumer<KvEvent> events;
    private final Executor owner;
    private final NanoClock clock;
    private final ThreadPoolExecutor writer;
    private final ThreadPoolExecutor readers;
    private boolean paused;
    private long resumeAtNanos;
    private long heldBytes;
    private DiskCounters counters = DiskCounters.ZERO;

    private DiskTier(
        final DiskConfig config, final Consumer<KvEvent> events, final Executor owner, final NanoClock clock) {
        this.config = config;
        this.files = new SegmentFiles(config);
        this.staging = new BlockPool(
            Math.max(config.stagingBytes(), BlockPool.PAGE_BYTES_DEFAULT), BlockPool.PAGE_BYTES_DEFAULT);
        this.events = events;
        this.owner = owner;
        this.clock = clock;
        this.writer = threads("kv-disk-writer", 1, staging.use().total());
        this.readers = threads("kv-disk-reader", READERS, config.readsMax());
    }

    /**
     * Opens the tier and indexes what is there; takes one small read per block held.
     *
     * @param events told of every block found, and of every later change, in order, on the owner's thread
     * @param owner  runs what it is given on the owner's thread, in order; may not refuse
     * @throws SpillwayException INVALID_CONFIG when the directory cannot be used
     */
    public static DiskTier open(
        final DiskConfig config, final Consumer<KvEvent> events, final Executor owner, final NanoClock clock) {
        final DiskTier tier = new DiskTier(config, events, owner, clock);
        try {
            tier.files.open(tier::add);
        } catch (final IOException e) {
            tier.close();
            tier.closeStaging();
            throw new SpillwayException(ErrorCode.INVALID_CONFIG,
                "cannot use " + config.directory() + " as a disk tier: " + e.getMessage(), e);
        }
        return tier;
    }

    /**
     * Copies a block to be written. It can be read at once; it is announced, and listed, once it is in the file.
     *
     * @return false: here already, or refused (counted)
     */
    public boolean write(final HostBlock block) {
        if (contains(block.key().hash())) {
            return false;
        }
        final PooledBlock copy = mayWrite(block) ? staging.allocate(block.memory().bytes()) : null;
        if (copy == null) {
            counters = counters.plusRefusedWrite();
            return false;
        }
        copy(block.memory(), copy);
        final Writing entry = new Writing(block.key(), block.crc32c(), copy);
        writing.put(block.key().hash(), entry);
        writer.execute(() -> append(entry));
        return true;
    }

    /** @return false: here already, too large for a segment, or the disk is given a rest after a failure */
    public boolean wants(final HostBlock block) {
        return !contains(block.key().hash()) && mayWrite(block);
    }

    /** @return payload bytes of a block held here; 0 when it is not */
    public int lengthOf(final BlockHash hash) {
        final Writing waiting = writing.get(hash);
        final RecordHeader record = index.get(hash);
        if (waiting != null) {
            return (int) waiting.copy().bytes();
        }
        return record == null ? 0 : record.lengthBytes();
    }

    /** @return true when the block can be read, be it in a file or on its way there */
    public boolean contains(final BlockHash hash) {
        return index.contains(hash) || writing.containsKey(hash);
    }

    /**
     * Reads a block into memory leased by the caller.
     *
     * @param target as long as {@link #lengthOf} says; not touched any more once {@code done} has run
     * @param done   runs on the owner's thread, now or later: the block's identity, or null when it could not be read
     *               or was corrupt
     * @return false: not here, or too many reads wait (counted); {@code done} will not run
     */
    public boolean read(final BlockHash hash, final PooledBlock target, final Consumer<DiskBlock> done) {
        final Writing waiting = writing.get(hash);
        if (waiting != null) {
            copy(waiting.copy(), target);
            done.accept(new DiskBlock(waiting.key(), waiting.crc32c()));
            return true;
        }
        final RecordHeader record = index.get(hash);
        if (record == null) {
            return false;
        }
        try {
            readers.execute(() -> readNow(record, target, done));
            return true;
        } catch (final RejectedExecutionException e) {
            counters = counters.plusRefusedRead();
            return false;
        }
    }

    /** @return identities of all blocks, oldest first */
    public Collection<BlockKey> blocks() {
        final List<BlockKey> keys = new ArrayList<>(index.size());
        index.values().forEach(record -> keys.add(record.key()));
        return keys;
    }

    public int heldBlocks() {
        return index.size();
    }

    /** @return bytes of records held, headers included */
    public long heldBytes() {
        return heldBytes;
    }

    public long maxBytes() {
        return config.maxBytes();
    }

    public DiskCounters counters() {
        return counters;
    }

    /**
     * Waits until all accepted writes are in the files and closes them. Results that arrive later are the owner's to
     * run.
     */
    @Override
    public void close() {
        writer.shutdown();
        readers.shutdown();
        try {
            final boolean drained = writer.awaitTermination(10, TimeUnit.SECONDS)
                & readers.awaitTermination(10, TimeUnit.SECONDS);
            counters = drained ? counters : counters.plusFailedWrite();
            files.close();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (final IOException e) {
            counters = counters.plusFailedWrite();
        }
    }

    /** Gives staging memory back; call after {@link #close()} and after the owner ran all results. */
    public void closeStaging() {
        staging.close();
    }

    private boolean mayWrite(final HostBlock block) {
        if (paused && clock.nanoTime() - resumeAtNanos >= 0) {
            paused = false;
        }
        return !paused && RecordHeader.recordBytes(block.memory().bytes()) <= config.segmentBytes();
    }

    /** On the writer's thread. */
    private void append(final Writing entry) {
        try {
            final RecordHeader record = files.append(
                entry.key(), entry.crc32c(), entry.copy(), segment -> owner.execute(() -> dropSegment(segment)));
            owner.execute(() -> written(record, entry));
        } catch (final IOException e) {
            owner.execute(() -> writeFailed(entry));
        }
    }

    /** On a reader's thread. */
    private void readNow(final RecordHeader record, final PooledBlock target, final Consumer<DiskBlock> done) {
        try {
            final boolean intact = files.read(record, target);
            owner.execute(() -> readDone(record, intact, done));
        } catch (final IOException e) {
            owner.execute(() -> {
                counters = counters.plusFailedRead();
                done.accept(null);
            });
        }
    }

    private void readDone(final RecordHeader record, final boolean intact, final Consumer<DiskBlock> done) {
        if (intact) {
            done.accept(new DiskBlock(record.key(), record.crc32c()));
            return;
        }
        counters = counters.plusCorrupt();
        remove(record);
        done.accept(null);
    }

    private void written(final RecordHeader record, final Writing entry) {
        writing.remove(entry.key().hash());
        staging.release(entry.copy());
        counters = counters.plusWritten();
        add(record);
    }

    private void writeFailed(final Writing entry) {
        writing.remove(entry.key().hash());
        staging.release(entry.copy());
        counters = counters.plusFailedWrite();
        paused = true;
        resumeAtNanos = clock.nanoTime() + PAUSE_NANOS;
    }

    private void add(final RecordHeader record) {
        final BlockHash hash = record.key().hash();
        if (index.contains(hash)) {
            return;
        }
        index.add(hash, record);
        bySegment.computeIfAbsent(record.segment(), segment -> new ArrayList<>()).add(hash);
        heldBytes += RecordHeader.recordBytes(record.lengthBytes());
        events.accept(new KvEvent.BlockStored(hash, record.key().parent(), Tier.DISK));
    }

    private void dropSegment(final int segment) {
        for (final BlockHash hash : bySegment.getOrDefault(segment, List.of())) {
            final RecordHeader record = index.get(hash);
            if (record != null && record.segment() == segment) {
                remove(record);
            }
        }
        bySegment.remove(segment);
    }

    private void remove(final RecordHeader record) {
        if (index.get(record.key().hash()) != record) {
            return;
        }
        index.remove(record.key().hash());
        heldBytes -= RecordHeader.recordBytes(record.lengthBytes());
        events.accept(new KvEvent.BlockRemoved(record.key().hash(), Tier.DISK));
    }

    private static void copy(final PooledBlock from, final PooledBlock to) {
        long position = 0;
        for (final MemorySegment part : from.parts()) {
            to.write(position, part);
            position += part.byteSize();
        }
    }

    private static ThreadPoolExecutor threads(final String name, final int count, final int queued) {
        final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            count, count, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(queued),
            Thread.ofPlatform().daemon().name(name + "-", 0).factory());
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    /** A block on its way to a file. */
    private record Writing(BlockKey key, int crc32c, PooledBlock copy) {
    }
}
