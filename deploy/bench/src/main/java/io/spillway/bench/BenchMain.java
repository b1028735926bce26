package io.spillway.bench;

import io.spillway.bench.engine.EngineBench;
import io.spillway.bench.engine.LlamaBench;
import io.spillway.bench.front.FrontBench;
import io.spillway.bench.grammar.GrammarBench;
import io.spillway.bench.kv.KvBench;
import io.spillway.bench.kv.LongContextBench;
import io.spillway.bench.load.TtftBench;
import io.spillway.bench.prompt.PromptBench;
import io.spillway.bench.sampling.SamplingBench;
import io.spillway.bench.speculation.SpeculationBench;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** Runs a benchmark by name: {@code ./spillway bench NAME [ARGUMENTS]}. */
public final class BenchMain {
    private static final Map<String, Bench> BENCHES = new TreeMap<>(Map.of(
        "engine", new Bench("[-p N] [-n N] [-d DEPTH] [-b BATCH] [--threads T] [--kernels K] [--json] --model M", EngineBench::main),
        "front", new Bench("[--seconds S] [--connections N] [--only stub|nginx|spillway]", FrontBench::main),
        "grammar", new Bench("[--vocabulary TOKENS,…] [--model M] [--only TEXT] [-r ROUNDS] [--json]", GrammarBench::main),
        "kv", new Bench("[--model M] [-d DEPTH] [--threads T] [--kernels K] [--json]", KvBench::main),
        "longcontext", new Bench("--model M [-d DEPTH,…] [--every K] [--kv ELEMENT] [--threads T] [--kernels K] [--json]", LongContextBench::main),
        "llama", new Bench("--model M --llama-bench FILE [--llama-batched-bench FILE] [--rounds R] [--kernels K,…]", LlamaBench::main),
        "prompt", new Bench("[--model M] [-p TOKENS] [--add TOKENS] [-t TURNS] [-r ROUNDS]", PromptBench::main),
        "sampling", new Bench("[--vocabulary N] [--json]", SamplingBench::main),
        "speculation", new Bench("[--model M] [--draft M|none] [--modes off,suffix,draft,auto] [--count N] [--concurrency N] [-r ROUNDS] [--json]",
            SpeculationBench::main),
        "ttft", new Bench("[ROUNDS] [PROMPT_TOKENS]", TtftBench::main)));

    private BenchMain() {
    }

    /** Runs the benchmark that the first argument names; an unknown one is status 2. */
    public static void main(final String[] args) throws Exception {
        final Bench bench = args.length == 0 ? null : BENCHES.get(args[0]);
        if (bench == null) {
            BENCHES.forEach((name, known) -> System.err.println("spillway: usage: bench " + name + " " + known.arguments()));
            System.exit(2);
            return;
        }
        if (Arrays.asList(args).contains("--help")) {
            System.err.println("spillway: usage: bench " + args[0] + " " + bench.arguments());
            return;
        }
        bench.main().run(Arrays.copyOfRange(args, 1, args.length));
    }

    /** A benchmark: what it takes, and where it begins. */
    private record Bench(String arguments, Main main) {
    }

    /** Entry point of a benchmark. */
    @FunctionalInterface
    private interface Main {
        void run(String[] args) throws Exception;
    }
}
