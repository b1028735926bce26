package io.spillway.local.plan;

import io.spillway.config.ByteSize;
import io.spillway.config.Default;
import io.spillway.config.Doc;

/** What is assumed where nothing was measured. All of it may be said otherwise in the file of prices. */
@Doc("What is assumed where nothing was measured.")
public record Assumptions(
        @Doc("Share of the memory bandwidth that decoding reaches.") @Default("0.80") double bandwidthShare,
        @Doc("Share of the matrix peak that prefill reaches.") @Default("0.60") double matrixShare,
        @Doc("Share of the link's bandwidth that an all-reduce reaches.") @Default("0.75") double linkShare,
        @Doc("Microseconds that one all-reduce takes before its bytes count.") @Default("10") double allReduceMicros,
        @Doc("Memory of the driver's context on every GPU.") @Default("512MiB") ByteSize context,
        @Doc("Workspace of the matrix library on every GPU.") @Default("64MiB") ByteSize workspace,
        @Doc("Buffers of the collectives on every GPU, where there are several.") @Default("256MiB") ByteSize collectives,
        @Doc("Share of the memory that stays free: fragmentation.") @Default("0.03") double reserveShare,
        @Doc("Most tokens that one step computes of prompts.") @Default("2048") int stepTokens) {
    private static final int STEP_TOKENS_MAX = 1 << 20;
    private static final double MICROS_MAX = 1e6;

    public Assumptions {
        share("bandwidthShare", bandwidthShare);
        share("matrixShare", matrixShare);
        share("linkShare", linkShare);
        if (!(allReduceMicros >= 0 && allReduceMicros <= MICROS_MAX)) {
            throw new IllegalArgumentException("allReduceMicros must be 0 to " + MICROS_MAX + ", got " + allReduceMicros);
        }
        if (!(reserveShare >= 0 && reserveShare < 1)) {
            throw new IllegalArgumentException("reserveShare must be at least 0 and below 1, got " + reserveShare);
        }
        if (stepTokens < 1 || stepTokens > STEP_TOKENS_MAX) {
            throw new IllegalArgumentException("stepTokens must be 1 to " + STEP_TOKENS_MAX + ", got " + stepTokens);
        }
    }

    private static void share(final String name, final double value) {
        if (!(value > 0 && value <= 1)) {
            throw new IllegalArgumentException(name + " must be above 0 and at most 1, got " + value);
        }
    }
}
