package io.spillway.bench.grammar;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.grammar.GrammarVocabulary;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Prints rows: a table for people, or one JSON object a line. */
final class GrammarReport {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final double MICRO = 1e3;
    private static final double MILLI = 1e6;
    private static final int TEXT_BYTES = 60;

    private final BenchVocabulary vocabulary;
    private final boolean json;
    private long[] allFirst = {};
    private long[] allLater = {};

    GrammarReport(final BenchVocabulary vocabulary, final boolean json) {
        this.vocabulary = vocabulary;
        this.json = json;
    }

    /**
     * One grammar.
     *
     * @param compileNanos median of compiling it
     * @param cachedNanos  of getting it again
     * @param first        following the outputs for the first time
     * @param later        following them again
     */
    record Row(String name, long compileNanos, long cachedNanos, MaskTimes first, MaskTimes later, long maskBytes) {
    }

    void begin(final GrammarVocabulary tokens, final long trieNanos) {
        final double copy = copyNanos(tokens.maskWords()) / MICRO;
        if (json) {
            System.out.println(MAPPER.createObjectNode().put("bench", "grammar").put("vocabulary", vocabulary.name()).put("tokens", tokens.size())
                .put("trie_ms", trieNanos / MILLI).put("trie_bytes", tokens.memoryBytes()).put("mask_copy_us", copy));
            return;
        }
        System.out.printf(Locale.ROOT, "%n%s, %d tokens: trie built in %.0f ms, %.1f MB; limit: a copy of a mask takes %.2f us%n", vocabulary.name(),
            tokens.size(), trieNanos / MILLI, tokens.memoryBytes() / 1e6, copy);
        System.out.println("| grammar | compile ms | cached us | masks | first time: median us | p90 | p99 | max | later: median us | p90 | p99 | max | advance us | kept KB |");
        System.out.println("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    }

    void row(final Row row, final List<int[]> outputs) {
        final long[] first = row.first().masks();
        final long[] later = row.later().masks();
        allFirst = joined(allFirst, first);
        allLater = joined(allLater, later);
        if (json) {
            final ObjectNode node = MAPPER.createObjectNode().put("grammar", row.name()).put("compile_ms", row.compileNanos() / MILLI)
                .put("cached_us", row.cachedNanos() / MICRO).put("first_masks", first.length).put("later_masks", later.length);
            put(node, "first_", first);
            put(node, "", later);
            put(node, "advance_", row.later().advances());
            System.out.println(node.put("mask_bytes", row.maskBytes()).put("slowest_after", slowest(row.first(), outputs)));
            return;
        }
        System.out.printf(Locale.ROOT, "| %s | %.2f | %.1f | %d |%s |%s | %.2f | %.0f |%n", row.name(), row.compileNanos() / MILLI, row.cachedNanos() / MICRO,
            first.length, columns(first), columns(later), MaskTimes.at(row.later().advances(), 0.5) / MICRO, row.maskBytes() / 1024.0);
    }

    void end() {
        if (!json) {
            System.out.printf(Locale.ROOT, "| all | | | %d |%s |%s | | |%n", allFirst.length, columns(allFirst), columns(allLater));
        }
    }

    private static long[] joined(final long[] a, final long[] b) {
        final long[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        Arrays.sort(all);
        return all;
    }

    private static void put(final ObjectNode node, final String prefix, final long[] nanos) {
        node.put(prefix + "median_us", MaskTimes.at(nanos, 0.5) / MICRO).put(prefix + "p90_us", MaskTimes.at(nanos, 0.9) / MICRO)
            .put(prefix + "p99_us", MaskTimes.at(nanos, 0.99) / MICRO).put(prefix + "max_us", MaskTimes.at(nanos, 1) / MICRO);
    }

    private static String columns(final long[] nanos) {
        return String.format(Locale.ROOT, " %.2f | %.2f | %.1f | %.0f", MaskTimes.at(nanos, 0.5) / MICRO, MaskTimes.at(nanos, 0.9) / MICRO,
            MaskTimes.at(nanos, 0.99) / MICRO, MaskTimes.at(nanos, 1) / MICRO);
    }

    /** @return what had been written before the slowest mask, its end */
    private String slowest(final MaskTimes times, final List<int[]> outputs) {
        final StringBuilder text = new StringBuilder();
        for (int i = 0; i < times.slowestToken(); i++) {
            text.append(new String(vocabulary.bytes(outputs.get(times.slowestOutput())[i]), StandardCharsets.ISO_8859_1));
        }
        final String tail = text.substring(Math.max(0, text.length() - TEXT_BYTES));
        return new String(tail.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static long copyNanos(final int words) {
        final long[] from = new long[words];
        final long[] to = new long[words];
        final long[] nanos = new long[2_000];
        for (int i = 0; i < nanos.length; i++) {
            final long begin = System.nanoTime();
            System.arraycopy(from, 0, to, 0, words);
            nanos[i] = System.nanoTime() - begin;
        }
        Arrays.sort(nanos);
        return nanos[nanos.length / 2];
    }
}
