package io.spillway.bench.grammar;

import io.spillway.grammar.CompiledGrammar;
import io.spillway.grammar.GrammarState;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * Nanoseconds of each mask and of each step, in ascending order.
 *
 * @param slowestOutput the output in which the slowest mask was met
 * @param slowestToken  how many tokens came before it
 */
record MaskTimes(long[] masks, long[] advances, int slowestOutput, int slowestToken) {
    /**
     * The first time that a grammar meets the outputs. What a collector or another process adds to one mask is not what it takes: each
     * place is met by several fresh grammars, and the median counts.
     */
    static MaskTimes first(final Supplier<CompiledGrammar> fresh, final List<int[]> outputs, final int times) {
        final int total = count(outputs);
        final long[][] masks = new long[times][total];
        final long[][] advances = new long[times][total];
        for (int time = 0; time < times; time++) {
            follow(fresh.get(), outputs, masks[time], advances[time]);
        }
        return of(medians(masks), medians(advances), outputs);
    }

    /** Follows outputs again, so many times; every mask counts. */
    static MaskTimes later(final CompiledGrammar grammar, final List<int[]> outputs, final int times) {
        final int count = count(outputs);
        final long[] masks = new long[times * count];
        final long[] advances = new long[times * count];
        final long[] once = new long[count];
        final long[] onceAdvances = new long[count];
        for (int time = 0; time < times; time++) {
            follow(grammar, outputs, once, onceAdvances);
            System.arraycopy(once, 0, masks, time * count, count);
            System.arraycopy(onceAdvances, 0, advances, time * count, count);
        }
        return of(masks, advances, outputs);
    }

    private static int count(final List<int[]> outputs) {
        return outputs.stream().mapToInt(output -> output.length).sum();
    }

    private static long[] medians(final long[][] times) {
        final long[] medians = new long[times[0].length];
        final long[] one = new long[times.length];
        for (int place = 0; place < medians.length; place++) {
            for (int time = 0; time < times.length; time++) {
                one[time] = times[time][place];
            }
            Arrays.sort(one);
            medians[place] = one[one.length / 2];
        }
        return medians;
    }

    private static MaskTimes of(final long[] masks, final long[] advances, final List<int[]> outputs) {
        int slowest = 0;
        for (int place = 1; place < masks.length; place++) {
            slowest = masks[place] > masks[slowest] ? place : slowest;
        }
        slowest %= count(outputs);
        int output = 0;
        while (slowest >= outputs.get(output).length) {
            slowest -= outputs.get(output++).length;
        }
        Arrays.sort(masks);
        Arrays.sort(advances);
        return new MaskTimes(masks, advances, output, slowest);
    }

    /** Follows outputs and times every mask and every step; checks that each token was allowed. */
    private static void follow(final CompiledGrammar grammar, final List<int[]> outputs, final long[] masks, final long[] advances) {
        final long[] mask = new long[grammar.vocabulary().maskWords()];
        int next = 0;
        for (final int[] tokens : outputs) {
            final GrammarState state = grammar.start();
            for (final int token : tokens) {
                final long begin = System.nanoTime();
                state.fillMask(mask);
                final long middle = System.nanoTime();
                final boolean taken = state.advance(token);
                advances[next] = System.nanoTime() - middle;
                masks[next++] = middle - begin;
                if (!taken || (mask[token >>> 6] >>> token & 1) == 0) {
                    throw new IllegalStateException("token " + token + " of an output is not allowed");
                }
            }
        }
    }

    /** @return the time that such a part of all stays below; 1 for the longest */
    static long at(final long[] sorted, final double part) {
        return sorted[(int) Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
    }
}
