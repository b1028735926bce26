package io.spillway.local.plan;

/** How long steps take at best: bytes by bandwidth or operations by the matrix peak, whichever is longer, and what GPUs tell each other. */
final class Roofline {
    private static final double GIGA = 1e9;
    private static final double TERA = 1e12;
    private static final double MICROS_PER_SECOND = 1e6;
    private static final int REDUCES_PER_LAYER = 2;
    private static final int NUMBER_BYTES = 2;

    private final PlannedModel model;
    private final PlannedModel.Stored stored;
    private final Workload load;
    private final GpuMemory.Host host;

    Roofline(final PlannedModel model, final PlannedModel.Stored stored, final Workload load, final GpuMemory.Host host) {
        this.model = model;
        this.stored = stored;
        this.load = load;
        this.host = host;
    }

    /** @param agents of one replica @return seconds of a step that makes one token for each, in the middle of their output */
    double decodeSeconds(final int agents) {
        final double tokens = load.contextTokens() - load.outputTokens() / 2.0;
        final PlannedModel.Attention attention = model.attention();
        final double rowBytes = (double) model.blockBytes(model.kvHeadsOn(host.degree()), load.cache()) / load.cache().blockTokens()
            / attention.layers();
        final double bytes = weightsRead(agents) + model.weights().headNumbers() * stored.each().outer() / host.degree()
            + agents * attention.keysSeen(tokens) * rowBytes;
        final double flops = agents * (2.0 * (model.weights().activeInLayers() + model.weights().headNumbers())
            + attention.decodeFlopsPerKey() * attention.keysSeen(tokens)) / host.degree();
        return longer(bytes, flops) + reduceSeconds(1, agents);
    }

    /** @return seconds until the first token of one agent that is alone, from what is not cached of its prompt */
    double prefillSeconds() {
        final int computed = load.computedTokens();
        final int steps = Math.ceilDiv(computed, host.assumptions().stepTokens());
        final double bytes = steps * weightsRead((double) computed / steps);
        final double flops = (2.0 * model.weights().activeInLayers() * computed + 2.0 * model.weights().headNumbers()
            + model.attention().flopsPerKey() * keysMet(computed)) / host.degree();
        return longer(bytes, flops) + reduceSeconds(steps, computed);
    }

    /** @return bytes of the layers' weights that one GPU reads in a step of so many tokens */
    private double weightsRead(final double tokens) {
        final PlannedModel.Weights weights = model.weights();
        final double common = (double) (weights.common() - weights.keyValue()) / host.degree()
            + weights.keyValue() * GpuMemory.keyValueShare(model, host.degree());
        return common * stored.each().common()
            + weights.experts().numbers() * weights.experts().shareRead(tokens) * stored.each().experts() / host.degree();
    }

    /** Keys that the computed queries meet, summed over layers. */
    private double keysMet(final int computed) {
        final PlannedModel.Attention attention = model.attention();
        final double to = load.promptTokens();
        final double from = to - computed;
        return (attention.layers() - attention.windowLayers()) * (to * to - from * from) / 2
            + attention.windowLayers() * (met(to, attention.windowTokens()) - met(from, attention.windowTokens()));
    }

    private static double met(final double tokens, final int window) {
        return tokens <= window ? tokens * tokens / 2 : (double) window * window / 2 + window * (tokens - window);
    }

    private double longer(final double bytes, final double flops) {
        final Assumptions assumed = host.assumptions();
        return Math.max(bytes / (host.gpu().bandwidthGbPerSecond() * GIGA * assumed.bandwidthShare()),
            flops / (host.gpu().bf16Tflops() * TERA * assumed.matrixShare()));
    }

    /** A ring: every GPU sends, and gets, almost twice what is reduced. */
    private double reduceSeconds(final int steps, final int tokens) {
        final int degree = host.degree();
        if (degree == 1) {
            return 0;
        }
        final double bytes = 2.0 * (degree - 1) / degree * tokens * model.attention().hidden() * NUMBER_BYTES;
        final double each = steps * host.assumptions().allReduceMicros() / MICROS_PER_SECOND
            + bytes / (host.gpu().linkGbPerSecond() * GIGA * host.assumptions().linkShare());
        return (double) REDUCES_PER_LAYER * model.attention().layers() * each;
    }
}
