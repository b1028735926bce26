package io.spillway.node.cuda;

import io.spillway.domain.kv.KvLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Which blocks of prefill attention do what: chunks of rows cut into tiles of queries, and, where too few tiles would leave the GPU idle,
 * the tokens that a tile attends to into parts. Tiles with most to do come first. Immutable; any thread.
 */
public final class PrefillWork {
    private static final int TOKENS = 64;
    private static final int ITEM_INTS = 4;
    private static final int PARTS_MAX = 16;
    /** Tokens of a part, at least: a part's results are written and read again. */
    private static final int PART_TOKENS_MIN = 512;
    private static final int PARTS_SHIFT = 16;

    private final int heads;
    private final KvLayout layout;
    private final List<Item> items;

    private PrefillWork(final int heads, final KvLayout layout, final List<Item> items) {
        this.heads = heads;
        this.layout = layout;
        this.items = items;
    }

    /**
     * Rows of one sequence at consecutive positions, all of them stored.
     *
     * @param sequence row of the table of blocks
     * @param firstRow of the step
     * @param position of the first row
     */
    public record Chunk(int sequence, int firstRow, int rows, int position) { }

    private record Item(Chunk tile, int part, int parts) { }

    /**
     * @param heads        query heads
     * @param windowTokens of the rule: what a tile attends to
     * @param blocks       that the GPU runs at once; 1 where a row's result may not depend on other rows: tiles are not cut into parts then
     */
    public static PrefillWork of(final List<Chunk> chunks, final int heads, final KvLayout layout, final int windowTokens, final int blocks) {
        final int perTile = tileRows(layout) / groupSize(heads, layout);
        final List<Chunk> tiles = new ArrayList<>();
        for (final Chunk chunk : chunks) {
            for (int row = 0; row < chunk.rows; row += perTile) {
                tiles.add(new Chunk(chunk.sequence, chunk.firstRow + row, Math.min(perTile, chunk.rows - row), chunk.position + row));
            }
        }
        tiles.sort(Comparator.comparingInt(tile -> -tokens(tile, windowTokens)));
        final long all = tiles.stream().mapToLong(tile -> tokens(tile, windowTokens)).sum() * headGroups(heads, layout);
        final long wanted = Math.max(PART_TOKENS_MIN, Math.ceilDiv(all, blocks));
        final List<Item> items = new ArrayList<>();
        for (final Chunk tile : tiles) {
            final int parts = blocks == 1 ? 1 : (int) Math.clamp(Math.ceilDiv(tokens(tile, windowTokens), wanted), 1, PARTS_MAX);
            for (int part = 0; part < parts; part++) {
                items.add(new Item(tile, part, parts));
            }
        }
        return new PrefillWork(heads, layout, List.copyOf(items));
    }

    /** @return tokens that a tile attends to, in whole steps */
    private static int tokens(final Chunk tile, final int windowTokens) {
        final int first = windowTokens == 0 ? 0 : Math.max(0, tile.position + 1 - windowTokens) / TOKENS * TOKENS;
        return Math.ceilDiv(tile.position + tile.rows - first, TOKENS) * TOKENS;
    }

    /** @return queries that a block takes, times the heads of a group */
    static int tileRows(final KvLayout layout) {
        return layout.headDim() <= 128 ? 128 : 64;
    }

    private static int groupSize(final int heads, final KvLayout layout) {
        final int perHead = heads / layout.kvHeads();
        return Math.ceilDiv(perHead, Math.ceilDiv(perHead, tileRows(layout)));
    }

    private static int headGroups(final int heads, final KvLayout layout) {
        return layout.kvHeads() * Math.ceilDiv(heads / layout.kvHeads(), tileRows(layout));
    }

    int heads() {
        return heads;
    }

    KvLayout layout() {
        return layout;
    }

    /** @return blocks that take the same tokens: kv heads, times their groups of query heads */
    int headGroups() {
        return headGroups(heads, layout);
    }

    /** @return items, each a block of every head group */
    public int itemCount() {
        return items.size();
    }

    /** @return what the device reads: four ints an item */
    public int[] ints() {
        final int[] ints = new int[items.size() * ITEM_INTS];
        int at = 0;
        for (final Item item : items) {
            ints[at++] = item.tile.sequence;
            ints[at++] = item.tile.firstRow;
            ints[at++] = item.tile.rows;
            ints[at++] = item.part << PARTS_SHIFT | item.parts;
        }
        return ints;
    }

    /** @return bytes of counters, which are 0 before the first launch and after every launch */
    public long arrivalsBytes() {
        return Integer.BYTES * (long) items.size() * headGroups();
    }

    /** @return bytes for partial results of a launch; 0 where no tile is cut */
    public long partsBytes() {
        final boolean isCut = items.stream().anyMatch(item -> item.parts > 1);
        return isCut ? Float.BYTES * (long) items.size() * headGroups() * tileRows(layout) * (layout.headDim() + 2) : 0;
    }
}
