package io.spillway.node.cuda.model;

import io.spillway.node.cuda.DecodeBucket;
import io.spillway.node.cuda.DecodeCall;
import io.spillway.node.cuda.KernelLauncher;
import io.spillway.node.cuda.PagedKv;
import io.spillway.node.cuda.PrefillCall;
import io.spillway.node.cuda.PrefillWork;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Attention of a step: of single rows, planned on the device once for all layers of one window, and of parts of prompts, planned here. Thread:
 * the engine's.
 */
final class AttentionLaunches implements AutoCloseable {
    private final DeviceWeights weights;
    private final Buffers buffers;
    private final DeviceProgram.Cache cache;
    private final Limits limits;
    private final List<Integer> windows = new ArrayList<>(); // that layers have; 0: everything
    private final List<PrefillWork> works = new ArrayList<>(); // of the windows, for the chunks planned last; empty: there are none
    private final long[] plans;                              // [windows]: of single rows
    private final long parts;
    private final GrowingMemory arrivals;
    private final GrowingMemory prefillParts;

    /**
     * @param rowsMax      most rows of a step
     * @param singlesMax   most single rows of a step
     * @param sequencesMax most sequences of a step
     * @param isInvariant  whether results of a row may not depend on the rows beside it
     */
    record Limits(int rowsMax, int singlesMax, int sequencesMax, boolean isInvariant) { }

    /** A step's rows. */
    record Rows(StepShape step, StepInputs inputs, PagedKv kv) { }

    AttentionLaunches(final DeviceWeights weights, final Buffers buffers, final DeviceProgram.Cache cache, final Limits limits) {
        this.weights = weights;
        this.buffers = buffers;
        this.cache = cache;
        this.limits = limits;
        for (final DeviceLayer layer : weights.layers()) {
            final int window = layer.attention().rule().windowTokens();
            if (!windows.contains(window)) {
                windows.add(window);
            }
        }
        final DecodeBucket largest = bucket(limits.singlesMax());
        plans = new long[windows.size()];
        for (int i = 0; i < plans.length; i++) {
            plans[i] = buffers.allocate(largest.workBytes());
        }
        parts = buffers.allocate(largest.partsBytes());
        arrivals = new GrowingMemory(weights.device());
        prefillParts = new GrowingMemory(weights.device());
    }

    private DecodeBucket bucket(final int rows) {
        return DecodeBucket.of(rows, heads(), cache.layout(), weights.device().multiprocessors(), limits.isInvariant());
    }

    private int heads() {
        return weights.shape().attention().heads();
    }

    /** Blocks that a GPU runs side by side, one or two a processor, as far as prefill is concerned. */
    private int prefillBlocks() {
        return limits.isInvariant() ? 1 : 2 * weights.device().multiprocessors();
    }

    /** @return pieces of work that a step has, at most */
    int itemsMax() {
        final PrefillWork.Chunk all = new PrefillWork.Chunk(0, 0, limits.rowsMax(), 0);
        final int tiles = PrefillWork.of(List.of(all), heads(), cache.layout(), 0, 1).itemCount() + limits.sequencesMax();
        return windows.size() * (tiles + prefillBlocks());
    }

    /** Plans parts of prompts. @return pieces of work, of all windows together */
    int planChunks(final List<PrefillWork.Chunk> chunks) {
        works.clear();
        int items = 0;
        for (int i = 0; i < windows.size() && !chunks.isEmpty(); i++) {
            final PrefillWork work = PrefillWork.of(chunks, heads(), cache.layout(), windows.get(i), prefillBlocks());
            arrivals.reserve(work.arrivalsBytes());
            prefillParts.reserve(work.partsBytes());
            items += work.itemCount();
            works.add(work);
        }
        return items;
    }

    /** Writes the pieces of work that were planned. */
    void writeItems(final MemorySegment target) {
        long at = 0;
        for (final PrefillWork work : works) {
            final int[] ints = work.ints();
            MemorySegment.copy(ints, 0, target, ValueLayout.JAVA_INT, at, ints.length);
            at += (long) ints.length * Integer.BYTES;
        }
    }

    /** Plans single rows, for all layers. */
    void plan(final StepShape step, final StepInputs inputs, final KernelLauncher launcher) {
        for (int i = 0; i < plans.length && step.singleRows() > 0; i++) {
            launcher.launch(new DecodeCall.Plan(bucket(step.singleRows()), inputs.positions(), plans[i], windows.get(i)).launch());
        }
    }

    /** Attends; queries and what they attend to stand in the buffers. */
    void launch(final int layer, final DeviceLayer.Attention attention, final Rows rows, final KernelLauncher launcher) {
        final StepShape step = rows.step();
        final int window = windows.indexOf(attention.rule().windowTokens());
        if (step.singleRows() > 0) {
            final DecodeCall.Places places = new DecodeCall.Places(buffers.queries.address(), plans[window], parts, attention.sinks(), buffers.attended.address());
            launcher.launch(new DecodeCall.Attend(bucket(step.singleRows()), rows.kv(), layer, attention.rule(), places, weights.half()).launch());
        }
        if (step.isMixed()) {
            long items = rows.inputs().items();
            for (int i = 0; i < window; i++) {
                items += (long) StepInputs.ITEM_BYTES * works.get(i).itemCount();
            }
            final PrefillCall.Places places = new PrefillCall.Places(buffers.queries.address(), items, arrivals.address(), prefillParts.address(),
                attention.sinks(), buffers.attended.address());
            launcher.launch(new PrefillCall(works.get(window), rows.kv(), layer, attention.rule(), places, weights.half()).launch());
        }
    }

    @Override
    public void close() {
        arrivals.close();
        prefillParts.close();
    }
}
