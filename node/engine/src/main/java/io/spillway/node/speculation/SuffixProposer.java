package io.spillway.node.speculation;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Looks up where a text ended like this one before, and proposes what followed there: first in the sequence's own tokens, prompt and
 * output (agents copy identifiers, arguments and results), then in what its caller predicts that it will say, then in the tenant's recent
 * outputs. The longer match wins; of equals the prediction, then the sequence's own.
 *
 * <p>Costs a few microseconds per step. Memory: up to 32 bytes per token of a sequence, of its last 65,536 tokens at most, and as much per
 * token of a prediction.
 * Thread: the engine's.
 */
public final class SuffixProposer implements Proposer {
    static final int LONG_GRAM = 4;
    static final int SHORT_GRAM = 2;
    private static final int WINDOW_TOKENS = 1 << 16;
    /** A long prompt is indexed over several steps, so that none of them is held up. */
    private static final int TOKENS_PER_STEP_MAX = 1 << 14;
    /** The end of the prompt goes with an output, so that the output's beginning can be found. */
    private static final int LEAD_TOKENS = 8;

    private final List<Own> owns = new ArrayList<>(); // by slot; null: closed
    private final RecentOutputs recent;

    /** @param isTenantWide whether recent outputs of the same tenant are looked at too */
    public SuffixProposer(final boolean isTenantWide) {
        recent = isTenantWide ? new RecentOutputs() : null;
    }

    /** What is known of one sequence. */
    private static final class Own {
        private final SpeculatedSequence sequence;
        private final IntUnaryOperator reader;
        private final int openedAt;
        private final NGramIndex longGrams = new NGramIndex(LONG_GRAM, WINDOW_TOKENS);
        private final NGramIndex shortGrams = new NGramIndex(SHORT_GRAM, WINDOW_TOKENS);
        private final Prediction prediction;
        private int entry;
        private Proposals proposals;
        private final IntUnaryOperator query = position -> proposals.tokenAt(entry, position);

        private Own(final SpeculatedSequence sequence) {
            this.sequence = sequence;
            reader = sequence::token;
            openedAt = sequence.knownTokens();
            prediction = sequence.predictedTokens().length == 0 ? null : new Prediction(sequence.predictedTokens());
        }

        private void catchUp() {
            final int from = longGrams.end();
            final int to = Math.min(sequence.knownTokens(), from + TOKENS_PER_STEP_MAX);
            longGrams.addUpTo(reader, to);
            shortGrams.addUpTo(reader, to);
            if (prediction != null) {
                prediction.catchUp();
            }
        }
    }

    /** What an output will perhaps say, to be looked up by how it goes on. */
    private static final class Prediction {
        private final int[] tokens;
        private final IntUnaryOperator reader;
        private final NGramIndex longGrams = new NGramIndex(LONG_GRAM, WINDOW_TOKENS);
        private final NGramIndex shortGrams = new NGramIndex(SHORT_GRAM, WINDOW_TOKENS);
        private int matched;

        private Prediction(final int[] tokens) {
            this.tokens = tokens;
            reader = position -> tokens[position];
        }

        private void catchUp() {
            final int to = Math.min(tokens.length, longGrams.end() + TOKENS_PER_STEP_MAX);
            longGrams.addUpTo(reader, to);
            shortGrams.addUpTo(reader, to);
        }

        /**
         * @param outputTokens of the query, its last ones
         * @return where it goes on from a text that ends like the query; −1: nowhere
         */
        private int find(final IntUnaryOperator query, final int queryEnd, final int outputTokens) {
            if (outputTokens < LONG_GRAM && begins(query, queryEnd, outputTokens)) {
                matched = LONG_GRAM;
                return outputTokens;
            }
            final int first = Math.max(0, longGrams.end() - WINDOW_TOKENS);
            int place = longGrams.find(reader, first, query, queryEnd);
            matched = longGrams.matched();
            if (place < 0) {
                place = shortGrams.find(reader, first, query, queryEnd);
                matched = shortGrams.matched();
            }
            return place;
        }

        /** An output that has said the first words of the prediction has too few tokens to be looked up by. */
        private boolean begins(final IntUnaryOperator query, final int queryEnd, final int outputTokens) {
            for (int i = 0; i < outputTokens; i++) {
                if (i >= tokens.length || query.applyAsInt(queryEnd - outputTokens + i) != tokens[i]) {
                    return false;
                }
            }
            return outputTokens < tokens.length;
        }
    }

    @Override
    public String name() {
        return "suffix";
    }

    @Override
    public double priorRate(final int grade) {
        return 0.3 + 0.05 * grade;
    }

    @Override
    public boolean offers(final int slot) {
        return true;
    }

    @Override
    public void open(final int slot, final SpeculatedSequence sequence) {
        while (owns.size() <= slot) {
            owns.add(null);
        }
        owns.set(slot, new Own(sequence));
    }

    @Override
    public void close(final int slot) {
        final Own own = owns.set(slot, null);
        if (recent != null && own.sequence.knownTokens() > own.openedAt) {
            recent.add(own.sequence, Math.max(0, own.openedAt - LEAD_TOKENS), own.sequence.knownTokens());
        }
    }

    @Override
    public void propose(final Proposals proposals) {
        for (int entry = 0; entry < proposals.count(); entry++) {
            if (proposals.isOpenTo(entry)) {
                final Own own = owns.get(proposals.slot(entry));
                own.catchUp();
                own.proposals = proposals;
                own.entry = entry;
                propose(proposals, entry, own);
                own.proposals = null;
            }
        }
    }

    private void propose(final Proposals proposals, final int entry, final Own own) {
        final int end = proposals.length(entry);
        int place = own.longGrams.find(own.reader, 0, own.query, end);
        int matched = own.longGrams.matched();
        if (place < 0) {
            place = own.shortGrams.find(own.reader, 0, own.query, end);
            matched = own.shortGrams.matched();
        }
        final RecentOutputs.Ring ring = recent == null ? null : recent.of(own.sequence.tenant());
        final int elsewhere = ring == null ? -1 : ring.find(own.query, end);
        final int far = elsewhere < 0 ? -1 : ring.matched();
        final int predicted = own.prediction == null ? -1 : own.prediction.find(own.query, end, end - own.sequence.promptTokens());
        if (predicted >= 0 && own.prediction.matched >= Math.max(matched, far)) {
            copyPredicted(proposals, entry, own.prediction, predicted);
        } else if (elsewhere >= 0 && far > matched) {
            copyElsewhere(proposals, entry, ring, elsewhere);
        } else if (place >= 0) {
            copyOwn(proposals, entry, place, matched);
        }
    }

    private static void copyPredicted(final Proposals proposals, final int entry, final Prediction prediction, final int place) {
        int i = 0;
        while (place + i < prediction.tokens.length && proposals.add(entry, prediction.tokens[place + i], gradeOf(prediction.matched + i))) {
            i++;
        }
    }

    /** May run into what it proposes itself: a text that repeats with a period goes on repeating. */
    private static void copyOwn(final Proposals proposals, final int entry, final int place, final int matched) {
        int i = 0;
        while (proposals.add(entry, proposals.tokenAt(entry, place + i), gradeOf(matched + i))) {
            i++;
        }
    }

    private static void copyElsewhere(final Proposals proposals, final int entry, final RecentOutputs.Ring ring, final int place) {
        final int matched = ring.matched();
        int i = 0;
        while (place + i < ring.end() && proposals.add(entry, ring.token(place + i), gradeOf(matched + i))) {
            i++;
        }
    }

    /** @return grade of a token behind {@code matched} equal ones */
    static int gradeOf(final int matched) {
        if (matched <= 5) {
            return Math.max(0, matched - SHORT_GRAM);
        }
        return matched < 12 ? 4 + (matched - 6) / 2 : Math.min(GRADES - 1, 7 + (matched - 12) / 5);
    }
}
