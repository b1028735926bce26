package io.spillway.local.plan;

/**
 * Where the memory of one GPU goes.
 *
 * @param weightsBytes    its part of the weights
 * @param activationBytes scratch of one step
 * @param fixedBytes      the driver's context, workspace, buffers of collectives
 * @param reserveBytes    left free: fragmentation
 * @param cacheBytes      what remains for keys and values; below 0: so much is missing
 * @param blockBytes      of one block of the cache
 */
public record GpuMemory(long weightsBytes, long activationBytes, long fixedBytes, long reserveBytes, long cacheBytes, long blockBytes) {
    private static final int LOGIT_ROWS_MAX = 256;
    private static final int NUMBER_BYTES = 2;
    /** The residual stream, its normed copy, and what a half adds to it. */
    private static final int HIDDEN_ROWS = 3;

    /**
     * @param model  of which this GPU has a part
     * @param stored what its weights take
     * @param load   of which the cache decides the blocks
     * @param host   the type, what is assumed of it, and how many share the model
     * @return what each takes; {@code host.degree()} must be one that the model can be divided by
     */
    static GpuMemory of(final PlannedModel model, final PlannedModel.Stored stored, final Workload load, final Host host) {
        final int kvHeads = model.kvHeadsOn(host.degree());
        final Assumptions assumed = host.assumptions();
        final long total = host.gpu().memory().bytes();
        final long weights = weightsBytes(model, stored, host.degree());
        final long activations = activationBytes(model, load, host);
        final long fixed = assumed.context().bytes() + assumed.workspace().bytes() + (host.degree() > 1 ? assumed.collectives().bytes() : 0);
        final long reserve = (long) Math.ceil(total * assumed.reserveShare());
        return new GpuMemory(weights, activations, fixed, reserve, total - reserve - fixed - activations - weights,
            model.blockBytes(kvHeads, load.cache()));
    }

    /**
     * GPUs of one type that share a model.
     *
     * @param name        the type's name
     * @param gpu         the type
     * @param assumptions about it
     * @param degree      how many share the model
     */
    record Host(String name, GpuType gpu, Assumptions assumptions, int degree) {
    }

    /** Matrices are divided; those of keys and values as far as their heads are; norms and biases are everywhere. */
    static long weightsBytes(final PlannedModel model, final PlannedModel.Stored stored, final int degree) {
        final PlannedModel.Weights weights = model.weights();
        final double divided = (double) (weights.matrices() - weights.keyValue()) / degree;
        final double keyValue = weights.keyValue() * keyValueShare(model, degree);
        return (long) Math.ceil(stored.bytes() * ((divided + keyValue + weights.vectors()) / weights.total()));
    }

    /** @return share of the keys and values, and of the matrices that make them, that one of so many GPUs has */
    static double keyValueShare(final PlannedModel model, final int degree) {
        return (double) model.kvHeadsOn(degree) / model.attention().kvHeads();
    }

    private static long activationBytes(final PlannedModel model, final Workload load, final Host host) {
        final PlannedModel.Attention attention = model.attention();
        final PlannedModel.Weights weights = model.weights();
        final PlannedModel.Latent latent = attention.latent();
        final long heads = latent.width() == 0 ? (long) attention.headDim() * (2L * attention.heads() + 2L * attention.kvHeads())
            : (long) attention.heads() * (2L * latent.scoreWidth() + 2L * latent.valueWidth()) + latent.width();
        final PlannedModel.Experts experts = weights.experts();
        final long wide = experts.count() > 0 ? (long) experts.chosen() * experts.width()
            : weights.dense() / (3L * attention.layers() * attention.hidden());
        final long row = (long) HIDDEN_ROWS * attention.hidden() + Math.ceilDiv(heads + 2 * wide, (long) host.degree());
        final long logits = Math.min(load.concurrency(), LOGIT_ROWS_MAX) * (long) weights.vocabulary() * Float.BYTES;
        return row * NUMBER_BYTES * host.assumptions().stepTokens() + logits;
    }

    /** @return blocks that fit */
    public long blocks() {
        return Math.max(0, cacheBytes) / blockBytes;
    }
}
