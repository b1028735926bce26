package io.spillway.bench.sampling;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.node.scheduler.FairShare;
import io.spillway.node.scheduler.Rank;
import io.spillway.node.scheduler.Schedulable;
import io.spillway.node.scheduler.StepPlan;
import io.spillway.node.scheduler.StepPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What a plan for a step costs, and the question who is next; beside a step, which takes milliseconds, both should be nothing. */
final class SchedulingBench {
    private static final int SEQUENCES = 64;
    private static final int BLOCK_TOKENS = 64;
    private static final int WARM_UP_CALLS = 20_000;
    private static final int CALLS = 2001;

    private final boolean isJson;

    SchedulingBench(final boolean isJson) {
        this.isJson = isJson;
    }

    /** A sequence of plain numbers. */
    private record Fixed(Rank rank, int computedTokens, int pendingTokens, int heldBlocks) implements Schedulable {
        @Override
        public boolean ready() {
            return true;
        }

        @Override
        public int expectedTokens() {
            return computedTokens + pendingTokens + BLOCK_TOKENS;
        }

        @Override
        public int reclaimableBlocks() {
            return heldBlocks;
        }

        @Override
        public long comeBackNanos() {
            return computedTokens;
        }
    }

    void run() {
        final StepPolicy policy = new StepPolicy(512, BLOCK_TOKENS);
        final StepPlan plan = new StepPlan();
        final List<Fixed> decoding = sequences(1, 1);
        final List<Fixed> mixed = sequences(1, 2000);
        time("plan: 64 decode", () -> policy.plan(decoding, 1000, plan));
        time("plan: 32 decode, 32 of 8 runs prefill", () -> policy.plan(mixed, 1000, plan));
        time("plan: 64 decode, every one lacks a block", () -> policy.plan(decoding, 0, plan));
        time("admission beside 64", () -> policy.admits(decoding, SEQUENCES + 1, mixed.get(1), 1 << 20));
        final FairShare<Integer> line = new FairShare<>();
        for (int i = 0; i < 1000; i++) {
            line.arrive(new TenantId("t" + i % 10), Optional.of(new RunId("r" + i % 100)), 0, 100, i);
        }
        time("next of 1,000 of 100 runs of 10 tenants", line::first);
    }

    private static List<Fixed> sequences(final int evenPending, final int oddPending) {
        final List<Fixed> sequences = new ArrayList<>();
        for (int i = 0; i < SEQUENCES; i++) {
            sequences.add(new Fixed(new Rank(i, i, 0, i % 8), 16 * BLOCK_TOKENS, i % 2 == 0 ? evenPending : oddPending, 16));
        }
        return sequences;
    }

    private void time(final String name, final Runnable work) {
        for (int call = 0; call < WARM_UP_CALLS; call++) {
            work.run();
        }
        final long[] nanos = new long[CALLS];
        for (int call = 0; call < CALLS; call++) {
            final long start = System.nanoTime();
            work.run();
            nanos[call] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        final double median = nanos[CALLS / 2] / 1e3;
        final double p99 = nanos[CALLS * 99 / 100] / 1e3;
        if (isJson) {
            System.out.println(new ObjectMapper().createObjectNode().put("bench", "scheduling").put("name", name)
                .put("median_us", median).put("p99_us", p99));
        } else {
            System.out.printf("%-44s              median %8.2f us   p99 %8.2f us%n", name, median, p99);
        }
    }
}
