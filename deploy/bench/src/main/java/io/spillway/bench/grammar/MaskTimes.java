package io.spillway.bench.grammar;

import io.spillway.grammar.CompiledGrammar;
import io.spillway.grammar.GrammarState;
import java.util.Arrays;
import java.util.List;

/**
 * Nanoseconds of each mask and of each step, in ascending order.
 *
 * @param slowestOutput the output in which the slowest mask was met
 * @param slowestToken  how many tokens came before it
 */
record MaskTimes(long[] masks, long[] advances, int slowestOutput, int slowestToken) {
    /** Follows outputs, so many times, and times every mask and every step; checks that each token was allowed. */
    static MaskTimes follow(final CompiledGrammar grammar, final List<int[]> outputs, final int rounds) {
        final int total = rounds * outputs.stream().mapToInt(output -> output.length).sum();
        final long[] masks = new long[total];
        final long[] advances = new long[total];
        final long[] mask = new long[grammar.vocabulary().maskWords()];
        int next = 0;
        int slowest = 0;
        int slowestOutput = 0;
        int slowestToken = 0;
        for (int round = 0; round < rounds; round++) {
            for (int output = 0; output < outputs.size(); output++) {
                final GrammarState state = grammar.start();
                final int[] tokens = outputs.get(output);
                for (int i = 0; i < tokens.length; i++) {
                    final long begin = System.nanoTime();
                    state.fillMask(mask);
                    final long middle = System.nanoTime();
                    final boolean taken = state.advance(tokens[i]);
                    advances[next] = System.nanoTime() - middle;
                    masks[next] = middle - begin;
                    if (!taken || (mask[tokens[i] >>> 6] >>> tokens[i] & 1) == 0) {
                        throw new IllegalStateException("token " + i + " of output " + output + " is not allowed");
                    }
                    if (masks[next] > masks[slowest]) {
                        slowest = next;
                        slowestOutput = output;
                        slowestToken = i;
                    }
                    next++;
                }
            }
        }
        Arrays.sort(masks);
        Arrays.sort(advances);
        return new MaskTimes(masks, advances, slowestOutput, slowestToken);
    }

    /** @return the time that such a part of all stays below; 1 for the longest */
    static long at(final long[] sorted, final double part) {
        return sorted[(int) Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
    }
}
