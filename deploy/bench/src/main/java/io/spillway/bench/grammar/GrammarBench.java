package io.spillway.bench.grammar;

import io.spillway.grammar.CompiledGrammar;
import io.spillway.grammar.GrammarCompiler;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How long a mask takes, token by token, over outputs that models might write and over random ones. The first time that a grammar meets
 * the outputs is told apart from later times: only then are masks found, later they are looked up. The limit printed beside it is a copy
 * of a mask.
 */
public final class GrammarBench {
    private static final int WARM_UP_ROUNDS = 3;
    private static final int ROUNDS = 10;
    private static final int COMPILES = 9;
    private static final int FIRST_TIMES = 5;

    private final Options options;
    private final BenchVocabulary vocabulary;
    private final GrammarReport report;

    private GrammarBench(final Options options, final BenchVocabulary vocabulary) {
        this.options = options;
        this.vocabulary = vocabulary;
        this.report = new GrammarReport(vocabulary, options.json());
    }

    /** What the command line says. */
    private record Options(List<Integer> sizes, List<Path> models, String only, int rounds, boolean json) {
    }

    /** @param args see {@link io.spillway.bench.BenchMain} */
    public static void main(final String[] args) {
        final Options options = options(args);
        if (options == null) {
            System.err.println("spillway: usage: bench grammar [--vocabulary TOKENS,…] [--model M] [--only TEXT] [-r ROUNDS] [--json]");
            System.exit(2);
            return;
        }
        for (final int size : options.sizes()) {
            new GrammarBench(options, BenchVocabulary.synthetic(size)).run();
        }
        for (final Path model : options.models()) {
            new GrammarBench(options, BenchVocabulary.ofModel(model)).run();
        }
    }

    private static Options options(final String[] args) {
        final List<Integer> sizes = new ArrayList<>();
        final List<Path> models = new ArrayList<>();
        String only = "";
        int rounds = ROUNDS;
        boolean json = false;
        for (int i = 0; i < args.length; i++) {
            if (args[i].equals("--json")) {
                json = true;
                continue;
            }
            if (i + 1 == args.length) {
                return null;
            }
            final String value = args[++i];
            switch (args[i - 1]) {
                case "--model" -> models.add(Path.of(value));
                case "--vocabulary" -> Arrays.stream(value.split(",")).map(Integer::valueOf).forEach(sizes::add);
                case "--only" -> only = value;
                case "-r" -> rounds = Integer.parseInt(value);
                default -> {
                    return null;
                }
            }
        }
        return new Options(sizes.isEmpty() && models.isEmpty() ? List.of(32_000, 128_000) : sizes, models, only, rounds, json);
    }

    private void run() {
        final List<GrammarCases.Case> cases = GrammarCases.all().stream().filter(one -> one.name().contains(options.only())).toList();
        final List<List<int[]>> outputs = cases.stream().map(one -> Outputs.of(one, vocabulary)).toList();
        for (int round = 0; round < WARM_UP_ROUNDS; round++) {
            final GrammarCompiler compiler = vocabulary.compiler();
            for (int i = 0; i < cases.size(); i++) {
                MaskTimes.later(compiler.compile(cases.get(i).source()), outputs.get(i), 1);
            }
        }
        final long begin = System.nanoTime();
        final GrammarCompiler compiler = vocabulary.compiler();
        report.begin(compiler.vocabulary(), System.nanoTime() - begin);
        for (int i = 0; i < cases.size(); i++) {
            run(cases.get(i), outputs.get(i), compiler);
        }
        report.end();
    }

    private void run(final GrammarCases.Case one, final List<int[]> outputs, final GrammarCompiler compiler) {
        final long[] compiles = new long[COMPILES];
        for (int i = 0; i < COMPILES; i++) {
            final GrammarCompiler fresh = new GrammarCompiler(compiler.vocabulary(), GrammarCompiler.Bounds.USUAL);
            final long begin = System.nanoTime();
            fresh.compile(one.source());
            compiles[i] = System.nanoTime() - begin;
        }
        Arrays.sort(compiles);
        final CompiledGrammar grammar = compiler.compile(one.source());
        final long begin = System.nanoTime();
        compiler.compile(one.source());
        final long cached = System.nanoTime() - begin;
        final MaskTimes first = MaskTimes.first(() -> vocabulary.compiler().compile(one.source()), outputs, FIRST_TIMES);
        MaskTimes.later(grammar, outputs, 1);
        final MaskTimes later = MaskTimes.later(grammar, outputs, options.rounds());
        report.row(new GrammarReport.Row(one.name(), compiles[COMPILES / 2], cached, first, later, grammar.maskBytes()), outputs);
    }
}
