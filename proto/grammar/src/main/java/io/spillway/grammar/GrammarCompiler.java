package io.spillway.grammar;

import io.spillway.domain.error.SpillwayException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Brings sources together with one model's vocabulary and keeps what it made: the grammars used last, up to a number and a size. Any
 * thread; compiling happens outside the lock, so that a slow grammar holds nobody up.
 */
public final class GrammarCompiler {
    private final GrammarVocabulary vocabulary;
    private final Bounds bounds;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<GrammarSource, CompiledGrammar> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long hits;
    private long misses;

    /**
     * How much is kept.
     *
     * @param maxGrammars  grammars
     * @param maxMaskBytes bytes of masks, of all grammars together; one grammar may have half
     */
    public record Bounds(int maxGrammars, long maxMaskBytes) {
        /** 256 grammars, 256 MiB of masks. */
        public static final Bounds USUAL = new Bounds(256, 256L << 20);
    }

    /** How often a grammar was there already, and how often not. */
    public record Counts(long hits, long misses) {
    }

    /** @param vocabulary of the model */
    public GrammarCompiler(final GrammarVocabulary vocabulary, final Bounds bounds) {
        this.vocabulary = vocabulary;
        this.bounds = bounds;
    }

    /**
     * @return the grammar, from the cache where it was used lately
     * @throws SpillwayException as {@link Grammar#of}; {@code UNSUPPORTED} too when the vocabulary cannot spell every text
     */
    public CompiledGrammar compile(final GrammarSource source) {
        final CompiledGrammar known = find(source);
        return known != null ? known : keep(source, Grammar.of(source));
    }

    /** As {@link #compile(GrammarSource)}, of a grammar that was read before. */
    public CompiledGrammar compile(final Grammar grammar) {
        final CompiledGrammar known = find(grammar.source());
        return known != null ? known : keep(grammar.source(), grammar);
    }

    private CompiledGrammar find(final GrammarSource source) {
        lock.lock();
        try {
            final CompiledGrammar known = kept.get(source);
            if (known == null) {
                misses++;
            } else {
                hits++;
            }
            return known;
        } finally {
            lock.unlock();
        }
    }

    private CompiledGrammar keep(final GrammarSource source, final Grammar grammar) {
        vocabulary.checkComplete();
        final CompiledGrammar made = new CompiledGrammar(grammar, vocabulary, bounds.maxMaskBytes() / 2);
        // Found here, where a request comes in, and not in a step that others share.
        made.start().fillMask(new long[vocabulary.maskWords()]);
        lock.lock();
        try {
            final CompiledGrammar first = kept.putIfAbsent(source, made);
            shrink();
            return first == null ? made : first;
        } finally {
            lock.unlock();
        }
    }

    /** Forgets the grammars that were used longest ago; outputs that follow one keep it until they end. */
    private void shrink() {
        long bytes = kept.values().stream().mapToLong(CompiledGrammar::maskBytes).sum();
        final Iterator<CompiledGrammar> oldest = kept.values().iterator();
        while (kept.size() > 1 && (kept.size() > bounds.maxGrammars() || bytes > bounds.maxMaskBytes())) {
            bytes -= oldest.next().maskBytes();
            oldest.remove();
        }
    }

    /** @return how often the cache served */
    public Counts counts() {
        lock.lock();
        try {
            return new Counts(hits, misses);
        } finally {
            lock.unlock();
        }
    }

    /** @return the vocabulary that it compiles for */
    public GrammarVocabulary vocabulary() {
        return vocabulary;
    }
}
