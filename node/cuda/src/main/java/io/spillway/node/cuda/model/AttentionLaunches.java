package io.spillway.node.cuda.model;

import io.spillway.node.cuda.DecodeBucket;
import io.spillway.node.cuda.DecodeCall;
import io.spillway.node.cuda.KernelLauncher;
import io.spillway.node.cuda.PagedKv;
import java.util.ArrayList;
import java.util.List;

/** Attention of a step: of single rows, planned once for all layers of one window, and of parts of prompts. Thread: the engine's. */
final class AttentionLaunches {
    /** Rows of a tile. */
    static final int TILE_ROWS = 64;

    private final DeviceWeights weights;
    private final Buffers buffers;
    private final DeviceProgram.Cache cache;
    private final boolean isInvariant;
    private final List<Integer> windows = new ArrayList<>(); // that layers have; 0: everything
    private final long[] work;                               // [windows]: a plan each
    private final long parts;

    /** A step's rows. */
    record Rows(StepShape step, StepInputs inputs, PagedKv kv) { }

    AttentionLaunches(final DeviceWeights weights, final Buffers buffers, final DeviceProgram.Attending attending) {
        this.weights = weights;
        this.buffers = buffers;
        cache = attending.cache();
        isInvariant = attending.isInvariant();
        for (final DeviceLayer layer : weights.layers()) {
            final int window = layer.attention().rule().windowTokens();
            if (!windows.contains(window)) {
                windows.add(window);
            }
        }
        final DecodeBucket largest = bucket(attending.singlesMax());
        work = new long[windows.size()];
        for (int i = 0; i < work.length; i++) {
            work[i] = buffers.allocate(largest.workBytes());
        }
        parts = buffers.allocate(largest.partsBytes());
    }

    private DecodeBucket bucket(final int rows) {
        return DecodeBucket.of(rows, weights.shape().attention().heads(), cache.layout(), weights.device().multiprocessors(), isInvariant);
    }

    /** Plans all layers. */
    void plan(final StepShape step, final StepInputs inputs, final KernelLauncher launcher) {
        for (int i = 0; i < work.length && step.singleRows() > 0; i++) {
            launcher.launch(new DecodeCall.Plan(bucket(step.singleRows()), inputs.positions(), work[i], windows.get(i)).launch());
        }
    }

    /** Attends; queries and what they attend to stand in the buffers. */
    void launch(final int layer, final DeviceLayer.Attention attention, final Rows rows, final KernelLauncher launcher) {
        final StepShape step = rows.step();
        if (step.singleRows() > 0) {
            final DecodeCall.Places places = new DecodeCall.Places(buffers.queries.address(), work[windows.indexOf(attention.rule().windowTokens())], parts,
                attention.sinks(), buffers.attended.address());
            launcher.launch(new DecodeCall.Attend(bucket(step.singleRows()), rows.kv(), layer, attention.rule(), places, weights.half()).launch());
        }
        if (step.isMixed()) {
            throw new IllegalArgumentException("no GPU kernels for parts of prompts");
        }
    }
}
