package io.spillway.bench;

import io.spillway.bench.load.TtftBench;
import java.util.Arrays;

/** Runs a benchmark by name: {@code ./spillway bench NAME [ARGUMENTS]}. */
public final class BenchMain {
    private BenchMain() {
    }

    /** Runs the benchmark that the first argument names; an unknown one is status 2. */
    public static void main(final String[] args) throws Exception {
        if (args.length > 0 && args[0].equals("ttft")) {
            TtftBench.main(Arrays.copyOfRange(args, 1, args.length));
        } else {
            System.err.println("spillway: usage: bench ttft [ROUNDS] [PROMPT_TOKENS]");
            System.exit(2);
        }
    }
}
