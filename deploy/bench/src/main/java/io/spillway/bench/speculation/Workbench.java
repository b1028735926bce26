package io.spillway.bench.speculation;

import io.spillway.bench.engine.Kernels;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.NoBlockStore;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.Slab;
import io.spillway.node.engine.Engine;
import io.spillway.node.engine.EngineConfig;
import io.spillway.node.engine.EngineParts;
import io.spillway.node.engine.ConstraintSource;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.model.StepBatch;
import io.spillway.node.speculation.DraftModel;
import io.spillway.node.speculation.DraftProposer;
import io.spillway.node.speculation.Proposer;
import io.spillway.node.speculation.Speculation;
import io.spillway.node.speculation.SuffixProposer;
import io.spillway.text.ModelText;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Models and memory of a run; engines over them, one at a time. Used by the main thread. */
final class Workbench implements AutoCloseable {
    private static final int BLOCK_TOKENS = 64;
    private static final int CONTEXT_TOKENS = 8192;
    private static final int DEVICE_TOKENS = 64 * 1024;
    private static final int COST_DEPTH_TOKENS = 1024;
    private static final int COST_STEPS = 40;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final SpeculationBench.Options options;
    private final LanguageModel model;
    private final KvLayout layout;
    private final Slab slab;
    private final Optional<DraftModel> draft;
    private final ModelText text;

    private Workbench(final SpeculationBench.Options options) {
        this.options = options;
        final ComputeBackend backend = opened(Kernels.start(options.kernels(), options.threads()));
        model = opened(load(options.model(), backend));
        layout = model.kvLayout(BLOCK_TOKENS, options.kv());
        slab = opened(backend.allocate(DEVICE_TOKENS / BLOCK_TOKENS * layout.blockBytes()));
        draft = options.draft().map(path -> {
            final LanguageModel small = opened(load(path, backend));
            final KvLayout smallLayout = small.kvLayout(BLOCK_TOKENS, options.kv());
            final Slab smallSlab = opened(backend.allocate(DEVICE_TOKENS / BLOCK_TOKENS * smallLayout.blockBytes()));
            return new DraftModel(small, smallLayout, smallSlab.segment(), DEVICE_TOKENS / BLOCK_TOKENS);
        });
        text = opened(ModelText.load(options.model()));
    }

    static Workbench open(final SpeculationBench.Options options) {
        return new Workbench(options);
    }

    private static LanguageModel load(final Path path, final ComputeBackend backend) {
        try (ModelSource source = ModelSource.open(path)) {
            return ModelLoader.load(source, backend, ModelLoader.Options.defaults());
        }
    }

    ModelText text() {
        return text;
    }

    /** @return a running engine that guesses as {@code mode} says, its cache empty */
    EngineRun start(final String mode) {
        final int context = Math.min(CONTEXT_TOKENS, model.contextTokens());
        final EngineConfig config = EngineConfig.of(context, DEVICE_TOKENS / BLOCK_TOKENS)
            .withLimits(512, Math.max(1, options.concurrency()), 256);
        final NanoClock clock = clock();
        final Engine engine = new Engine(config, new EngineParts(model, layout, slab.segment(), new NoBlockStore(), clock,
            event -> { }, new Speculation(options.tokensMax(), true, proposers(mode, config, clock)), ConstraintSource.NONE));
        engine.start(defect -> defect.printStackTrace());
        return new EngineRun(engine, clock);
    }

    private NanoClock clock() {
        return options.isCpuClock() ? ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime : NanoClock.SYSTEM;
    }

    private List<Proposer> proposers(final String mode, final EngineConfig config, final NanoClock clock) {
        final List<Proposer> proposers = new ArrayList<>();
        if (mode.equals("suffix") || mode.equals("auto")) {
            proposers.add(new SuffixProposer(true));
        }
        if (draft.isPresent() && (mode.equals("draft") || mode.equals("auto"))) {
            proposers.add(new DraftProposer(
                draft.get(), new DraftProposer.Limits(config.runningMax(), options.tokensMax()), clock));
        }
        return proposers;
    }

    /** @return nanoseconds of a step of 1, 2, … rows of one sequence, behind a prompt of 1,024 tokens: the least of several */
    long[][] stepCosts() {
        final int[] rows = {1, 2, 3, 4, 6, 8, 12, 16};
        final int[] table = new int[(COST_DEPTH_TOKENS + 64) / BLOCK_TOKENS + 1];
        for (int i = 0; i < table.length; i++) {
            table[i] = i;
        }
        final StepBatch batch = new StepBatch(64, 1);
        final float[] logits = new float[64 * model.vocabularySize()];
        final long[][] costs = new long[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            costs[i] = new long[] {rows[i], Long.MAX_VALUE};
        }
        for (int step = 0; step < COST_STEPS; step++) {
            for (final long[] cost : costs) {
                batch.clear();
                batch.beginSequence(table);
                for (int row = 0; row < cost[0]; row++) {
                    batch.addRow(step * 7 + row, COST_DEPTH_TOKENS + row);
                    batch.wantLogits();
                }
                final long beganNanos = clock().nanoTime();
                model.forward(batch, layout, slab.segment(), logits);
                cost[1] = Math.min(cost[1], clock().nanoTime() - beganNanos);
            }
        }
        return costs;
    }

    private <T extends AutoCloseable> T opened(final T part) {
        parts.push(part);
        return part;
    }

    @Override
    public void close() throws Exception {
        while (!parts.isEmpty()) {
            parts.pop().close();
        }
    }
}
