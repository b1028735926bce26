package io.spillway.node.speculation;

import io.spillway.domain.id.TenantId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/**
 * The latest outputs of each tenant, to be looked up by how they went on: agents call the same tools with the same words again and
 * again. Bounded: so many tokens per tenant, so many tenants, the one not heard of for longest goes. What one tenant wrote is never
 * found for another. Single writer: the engine thread.
 */
final class RecentOutputs {
    private static final int TOKENS_MAX = 1 << 13;
    private static final int TENANTS_MAX = 32;
    private static final int RESTART_AT = 1 << 30; // positions are ints

    private final Map<TenantId, Ring> rings = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(final Map.Entry<TenantId, Ring> eldest) {
            return size() > TENANTS_MAX;
        }
    };

    /** The outputs of one tenant, one behind the other. */
    static final class Ring {
        private final int[] tokens = new int[TOKENS_MAX];
        private final NGramIndex longGrams = new NGramIndex(SuffixProposer.LONG_GRAM, TOKENS_MAX);
        private final NGramIndex shortGrams = new NGramIndex(SuffixProposer.SHORT_GRAM, TOKENS_MAX);
        private final IntUnaryOperator reader = position -> token(position);
        private int end;
        private int matched;

        /** @return the token at {@code position}, one of the last 8,192 written */
        int token(final int position) {
            return tokens[position & TOKENS_MAX - 1];
        }

        /** @return positions below it are written */
        int end() {
            return end;
        }

        private void write(final SpeculatedSequence sequence, final int from, final int to) {
            if (end >= RESTART_AT) {
                end = 0;
                longGrams.clear();
                shortGrams.clear();
            }
            for (int position = Math.max(from, to - TOKENS_MAX); position < to; position++) {
                tokens[end++ & TOKENS_MAX - 1] = sequence.token(position);
                // One at a time: what an index reads must not have been overwritten.
                longGrams.addUpTo(reader, end);
                shortGrams.addUpTo(reader, end);
            }
        }

        /** @return where the outputs went on from a text that ends like the query; −1: nowhere. {@link #matched()} says how alike */
        int find(final IntUnaryOperator query, final int queryEnd) {
            final int first = Math.max(0, end - TOKENS_MAX);
            final int far = longGrams.find(reader, first, query, queryEnd);
            matched = longGrams.matched();
            if (far >= 0) {
                return far;
            }
            final int near = shortGrams.find(reader, first, query, queryEnd);
            matched = shortGrams.matched();
            return near;
        }

        int matched() {
            return matched;
        }
    }

    /** @return the outputs of {@code tenant}; null when there are none */
    Ring of(final TenantId tenant) {
        return rings.get(tenant);
    }

    /** Adds the tokens from {@code from} to {@code to}, exclusive, of a sequence. */
    void add(final SpeculatedSequence sequence, final int from, final int to) {
        rings.computeIfAbsent(sequence.tenant(), tenant -> new Ring()).write(sequence, from, to);
    }
}
