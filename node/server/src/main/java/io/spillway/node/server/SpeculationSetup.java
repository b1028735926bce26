package io.spillway.node.server;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.time.NanoClock;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TokenTexts;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.Slab;
import io.spillway.node.engine.EngineConfig;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.speculation.DraftModel;
import io.spillway.node.speculation.DraftProposer;
import io.spillway.node.speculation.Proposer;
import io.spillway.node.speculation.Speculation;
import io.spillway.node.speculation.SuffixProposer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Who guesses for a node's engine, and the draft model's memory. Closed after the engine. */
final class SpeculationSetup implements AutoCloseable {
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final NodeConfig.Speculation config;
    private final ComputeBackend backend;
    private final KvLayout layout;
    private final ModelLoader.Options loading;

    /**
     * @param layout  of the blocks of the model that is drafted for
     * @param loading how a draft model is loaded
     */
    SpeculationSetup(final NodeConfig.Speculation config, final ComputeBackend backend, final KvLayout layout, final ModelLoader.Options loading) {
        this.config = config;
        this.backend = backend;
        this.layout = layout;
        this.loading = loading;
    }

    /**
     * @param model  the model that is drafted for
     * @param limits of its engine
     * @throws SpillwayException when the draft model does not fit it
     */
    Speculation open(final Path model, final EngineConfig limits) {
        final List<Proposer> proposers = new ArrayList<>();
        final NodeConfig.Speculation.Mode mode = config.mode();
        if (mode == NodeConfig.Speculation.Mode.DRAFT && config.draftModel().isEmpty()) {
            throw invalid("draft-model", "must name a model when speculation.mode is draft");
        }
        if (mode == NodeConfig.Speculation.Mode.SUFFIX || mode == NodeConfig.Speculation.Mode.AUTO) {
            proposers.add(new SuffixProposer(true));
        }
        if (mode == NodeConfig.Speculation.Mode.DRAFT || mode == NodeConfig.Speculation.Mode.AUTO) {
            config.draftModel().ifPresent(path -> proposers.add(new DraftProposer(draft(path, model),
                new DraftProposer.Limits(limits.runningMax(), config.maxTokens()), NanoClock.SYSTEM)));
        }
        return new Speculation(config.maxTokens(), true, proposers);
    }

    private DraftModel draft(final Path path, final Path model) {
        final LanguageModel small;
        try (ModelSource source = ModelSource.open(path); ModelSource large = ModelSource.open(model)) {
            checkTokens(source, large);
            small = opened(ModelLoader.load(source, backend, loading));
        }
        final KvLayout smallLayout = small.kvLayout(layout.blockTokens(), layout.element());
        final long blocks = config.draftMaxBytes() / smallLayout.blockBytes();
        if (blocks < 2) {
            throw invalid("draft-max-bytes", "holds " + blocks + " blocks of " + smallLayout.blockBytes() + " bytes; two are the least");
        }
        final Slab slab = opened(backend.allocate(blocks * smallLayout.blockBytes()));
        return new DraftModel(small, smallLayout, slab.segment(), Math.toIntExact(blocks));
    }

    private static void checkTokens(final ModelSource draft, final ModelSource model) {
        final Optional<TokenTexts> drafted = TokenTexts.of(draft);
        final Optional<TokenTexts> served = TokenTexts.of(model);
        if (drafted.isEmpty() || served.isEmpty()) {
            throw invalid("draft-model", "cannot be compared: " + (drafted.isEmpty() ? draft : model).path() + " holds no vocabulary");
        }
        final int difference = served.get().firstDifference(drafted.get());
        if (difference >= 0) {
            throw invalid("draft-model", draft.path() + " has another tokenizer: token " + difference + " means something else there");
        }
    }

    private static SpillwayException invalid(final String key, final String detail) {
        return SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "speculation." + key, "speculation." + key + " " + detail);
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
