package io.spillway.kvstore.pool;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * The only owner, and the only freer, of the memory of KV blocks. Blocks of any size share one slab cut into pages; a
 * block is one run of pages where there is one, else several, so that fragmentation costs a copy loop and never a
 * refusal.
 *
 * <p>A block is leased (somebody reads or fills it), cached (kept, no lease) or gone. Single writer: the owning
 * service's thread. Low pages are used first, so that memory never needed is never touched.
 */
public final class BlockPool implements AutoCloseable {
    /** Page size that wastes little on small blocks and keeps bookkeeping small for large ones. */
    public static final int PAGE_BYTES_DEFAULT = 16 * 1024;

    private final int pageBytes;
    private final int totalPages;
    private final Slab slab;
    private final BitSet used;
    private int lowestFree;
    private int leasedPages;
    private int cachedPages;

    /**
     * @param totalBytes rounded down to whole pages; at least one page
     * @param pageBytes  a power of two
     */
    public BlockPool(final long totalBytes, final int pageBytes) {
        if (Integer.bitCount(pageBytes) != 1 || totalBytes < pageBytes || totalBytes / pageBytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("not a pool: " + totalBytes + " bytes in pages of " + pageBytes);
        }
        this.pageBytes = pageBytes;
        this.totalPages = (int) (totalBytes / pageBytes);
        this.slab = new Slab((long) totalPages * pageBytes);
        this.used = new BitSet(totalPages);
    }

    /**
     * Takes memory for one block, with one lease on it.
     *
     * @return null: too little is free; evict and ask again
     */
    public PooledBlock allocate(final long bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException("a block has bytes: " + bytes);
        }
        final long pages = Math.ceilDiv(bytes, (long) pageBytes);
        if (pages > freePages()) {
            return null;
        }
        final int[] runs = takeRuns((int) pages);
        leasedPages += (int) pages;
        return new PooledBlock(partsOf(runs, bytes), runs, bytes, (int) pages);
    }

    /** One more reader. */
    public void lease(final PooledBlock block) {
        if (block.leases() == 0) {
            requireState(block.kept(), "lease of a block that is gone");
            cachedPages -= block.pages();
            leasedPages += block.pages();
        }
        block.leases(block.leases() + 1);
    }

    /** One reader less; the last one of a block that is not kept frees it. */
    public void release(final PooledBlock block) {
        requireState(block.leases() > 0, "release without a lease");
        block.leases(block.leases() - 1);
        if (block.leases() == 0) {
            leasedPages -= block.pages();
            if (block.kept()) {
                cachedPages += block.pages();
            } else {
                free(block);
            }
        }
    }

    /** A tier keeps the block beyond its leases. Call while it is leased. */
    public void keep(final PooledBlock block) {
        requireState(block.leases() > 0 && !block.kept(), "keep of a block that is not leased, or kept already");
        block.kept(true);
    }

    /** The tier lets go: freed now, or by the last reader. */
    public void drop(final PooledBlock block) {
        requireState(block.kept(), "drop of a block that is not kept");
        block.kept(false);
        if (block.leases() == 0) {
            cachedPages -= block.pages();
            free(block);
        }
    }

    /** @return true when somebody leases {@code block} */
    public boolean isLeased(final PooledBlock block) {
        return block.leases() > 0;
    }

    /** @return pages a block of {@code bytes} takes, as bytes */
    public long footprintBytes(final long bytes) {
        return Math.ceilDiv(bytes, (long) pageBytes) * pageBytes;
    }

    public long totalBytes() {
        return (long) totalPages * pageBytes;
    }

    public PoolUse use() {
        return new PoolUse(freePages(), leasedPages, cachedPages, totalPages);
    }

    /** @throws IllegalStateException when pages by state do not add up to the pages marked used */
    public void checkInvariants() {
        requireState(leasedPages >= 0 && cachedPages >= 0, "negative page count: " + use());
        requireState(used.cardinality() == leasedPages + cachedPages, "pages leaked or doubly used: " + use());
    }

    /** @throws IllegalStateException when a block is still leased or cached: somebody leaks; memory then stays valid */
    @Override
    public void close() {
        checkInvariants();
        requireState(leasedPages == 0 && cachedPages == 0, "blocks are still held: " + use());
        slab.close();
    }

    private int freePages() {
        return totalPages - leasedPages - cachedPages;
    }

    private int[] takeRuns(final int pages) {
        final List<int[]> runs = new ArrayList<>(1);
        final int whole = wholeRun(pages);
        if (whole >= 0) {
            runs.add(new int[] {whole, pages});
            used.set(whole, whole + pages);
        } else {
            scatter(pages, runs);
        }
        if (runs.getFirst()[0] == lowestFree || used.get(lowestFree)) {
            lowestFree = used.nextClearBit(lowestFree);
        }
        return runs.stream().flatMapToInt(Arrays::stream).toArray();
    }

    /** @return first page of the lowest run of {@code pages} free pages, or -1 */
    private int wholeRun(final int pages) {
        int start = used.nextClearBit(lowestFree);
        while (start + pages <= totalPages) {
            final int end = used.nextSetBit(start);
            if (end < 0 || end - start >= pages) {
                return start;
            }
            start = used.nextClearBit(end);
        }
        return -1;
    }

    private void scatter(final int pages, final List<int[]> runs) {
        int left = pages;
        int start = lowestFree;
        while (left > 0) {
            start = used.nextClearBit(start);
            final int nextUsed = used.nextSetBit(start);
            final int end = Math.min(nextUsed < 0 ? totalPages : nextUsed, start + left);
            runs.add(new int[] {start, end - start});
            used.set(start, end);
            left -= end - start;
            start = end;
        }
    }

    private List<MemorySegment> partsOf(final int[] runs, final long bytes) {
        final List<MemorySegment> parts = new ArrayList<>(runs.length / 2);
        long left = bytes;
        for (int i = 0; i < runs.length; i += 2) {
            final long size = Math.min(left, (long) runs[i + 1] * pageBytes);
            parts.add(slab.memory().asSlice((long) runs[i] * pageBytes, size));
            left -= size;
        }
        return List.copyOf(parts);
    }

    private void free(final PooledBlock block) {
        final int[] runs = block.runs();
        for (int i = 0; i < runs.length; i += 2) {
            used.clear(runs[i], runs[i] + runs[i + 1]);
            lowestFree = Math.min(lowestFree, runs[i]);
        }
    }

    private static void requireState(final boolean holds, final String violation) {
        if (!holds) {
            throw new IllegalStateException(violation);
        }
    }
}
