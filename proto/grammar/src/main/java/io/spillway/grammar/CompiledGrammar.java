package io.spillway.grammar;

import io.spillway.grammar.automaton.Frame;
import io.spillway.grammar.automaton.Threads;
import io.spillway.grammar.mask.MaskParts;
import java.util.List;

/**
 * A grammar over one model's vocabulary. Which tokens may come is found state by state, on first use, and kept. Any thread; made by
 * {@link GrammarCompiler}.
 */
public final class CompiledGrammar {
    private final Grammar grammar;
    private final GrammarVocabulary vocabulary;
    private final List<MaskParts> masks;
    private final Frame bottom = Frame.bottom();

    CompiledGrammar(final Grammar grammar, final GrammarVocabulary vocabulary, final long maxMaskBytes) {
        this.grammar = grammar;
        this.vocabulary = vocabulary;
        this.masks = vocabulary.shared().stream().map(shared -> shared.ofGrammar(maxMaskBytes)).toList();
    }

    /** @return where an output begins; a fresh object */
    public GrammarState start() {
        return new GrammarState(this);
    }

    /** @return the grammar without the vocabulary */
    public Grammar grammar() {
        return grammar;
    }

    /** @return the vocabulary */
    public GrammarVocabulary vocabulary() {
        return vocabulary;
    }

    /** @return bytes that the masks found so far take up, about */
    public long maskBytes() {
        return masks.stream().mapToLong(MaskParts::bytes).sum();
    }

    void begin(final Threads threads) {
        threads.begin(grammar.root(), bottom);
    }

    void orInto(final Threads threads, final long[] mask) {
        for (int i = 0; i < masks.size(); i++) {
            masks.get(i).orInto(threads, mask);
        }
    }

    int only(final Threads threads, final int known) {
        int one = known;
        for (int i = 0; i < masks.size(); i++) {
            one = masks.get(i).only(threads, one);
        }
        return one;
    }
}
