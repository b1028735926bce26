package io.spillway.node.server;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.OutputGrammar;
import io.spillway.grammar.GrammarCompiler;
import io.spillway.grammar.GrammarState;
import io.spillway.grammar.GrammarText;
import io.spillway.grammar.GrammarVocabulary;
import io.spillway.node.engine.ConstraintSource;
import io.spillway.node.sampling.TokenConstraint;
import io.spillway.text.ModelText;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Brings requests' grammars together with the model's vocabulary. The vocabulary is read when the first request needs it and
 * shared by the nodes of a process. Any thread.
 */
final class GrammarConstraints implements ConstraintSource {
    /** The kind of grammar that is known here: {@link GrammarText}. */
    private static final String KIND = "spillway";
    private static final Map<Path, GrammarCompiler> COMPILERS = new ConcurrentHashMap<>();

    private final Path model;

    /** @param model GGUF file or Hugging Face directory, read for its vocabulary */
    GrammarConstraints(final Path model) {
        this.model = model.toAbsolutePath().normalize();
    }

    @Override
    public TokenConstraint constraintOf(final GenerationRequest request) {
        if (request.grammar().isEmpty()) {
            return null;
        }
        final OutputGrammar grammar = request.grammar().get();
        if (!grammar.kind().equals(KIND)) {
            throw SpillwayException.ofField(ErrorCode.UNSUPPORTED, "grammar", "This node knows no grammars of kind '" + grammar.kind() + "'");
        }
        final GrammarCompiler compiler = COMPILERS.computeIfAbsent(model, GrammarConstraints::compiler);
        return new Constraint(compiler.compile(GrammarText.read(grammar.text())).start());
    }

    private static GrammarCompiler compiler(final Path model) {
        try (ModelText text = ModelText.load(model)) {
            final int size = text.tokenizer().vocabularySize();
            final byte[][] bytes = new byte[size][];
            final BitSet special = new BitSet(size);
            for (int token = 0; token < size; token++) {
                bytes[token] = text.tokenizer().tokenBytes(token);
                special.set(token, text.tokenizer().isSpecial(token));
            }
            return new GrammarCompiler(GrammarVocabulary.of(bytes, special, text.stopTokenIds()), GrammarCompiler.Bounds.USUAL);
        }
    }

    /** A grammar's state as the engine sees it. */
    private record Constraint(GrammarState state) implements TokenConstraint {
        @Override
        public void fillMask(final long[] mask) {
            state.fillMask(mask);
        }

        @Override
        public boolean advance(final int token) {
            return state.advance(token);
        }

        @Override
        public int forced() {
            return state.forced();
        }

        @Override
        public boolean mayEnd() {
            return state.mayEnd();
        }

        @Override
        public TokenConstraint copy() {
            return new Constraint(state.copy());
        }
    }
}
