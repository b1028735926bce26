package io.spillway.node.kvcache;

/**
 * Recounts the books of {@link DeviceBlocks} from nothing and compares. Costs O(blocks); runs when the engine goes idle
 * and in every test. Thread: the engine's.
 */
final class BlockAudit {
    private final DeviceBlocks blocks;

    BlockAudit(final DeviceBlocks blocks) {
        this.blocks = blocks;
    }

    /** @throws IllegalStateException that names the first rule found broken */
    void run() {
        final int total = blocks.total();
        require(blocks.free() + blocks.leased() + blocks.cached() == total, "free + leased + cached is not the total");
        final int[] children = new int[total];
        final int[] pins = new int[total];
        int leased = 0;
        int identified = 0;
        int evictable = 0;
        int kept = 0;
        for (int block = 0; block < total; block++) {
            leased += blocks.leases(block) > 0 ? 1 : 0;
            identified += blocks.hash(block) != null ? 1 : 0;
            final boolean isCached = blocks.leases(block) == 0 && blocks.hash(block) != null;
            evictable += isCached && blocks.pins(block) == 0 ? 1 : 0;
            kept += blocks.isKept(block) ? 1 : 0;
            countAtParent(block, children, pins);
        }
        require(kept == blocks.kept() && kept <= total / 2, "kept count is wrong");
        require(leased == blocks.leased(), "leased count is wrong");
        require(identified == blocks.identified(), "index size is wrong");
        require(evictable + blocks.free() == blocks.allocatable(), "allocatable count is wrong");
        for (int block = 0; block < total; block++) {
            checkBlock(block, children[block], pins[block]);
        }
    }

    private void countAtParent(final int block, final int[] children, final int[] pins) {
        final int parent = blocks.parent(block);
        if (parent != DeviceBlocks.NONE) {
            require(blocks.parentHash(block).equals(blocks.hash(parent)), "block " + block + " has lost its parent");
            children[parent]++;
            pins[parent] += blocks.leases(block) > 0 || blocks.pins(block) > 0 ? 1 : 0;
        }
    }

    private void checkBlock(final int block, final int children, final int pins) {
        final boolean isCached = blocks.leases(block) == 0 && blocks.hash(block) != null;
        require(blocks.children(block) == children, "children of block " + block + " are miscounted");
        require(blocks.pins(block) == pins, "pins of block " + block + " are miscounted");
        require(blocks.leaf(block) == (isCached && children == 0), "block " + block + " is wrongly (not) a leaf");
        if (blocks.hash(block) != null) {
            require(blocks.find(blocks.hash(block)) == block, "block " + block + " is not found by its identity");
        }
    }

    private static void require(final boolean condition, final String broken) {
        if (!condition) {
            throw new IllegalStateException("device blocks: " + broken);
        }
    }
}
