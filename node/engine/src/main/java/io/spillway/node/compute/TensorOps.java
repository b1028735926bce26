package io.spillway.node.compute;

/**
 * The operations a decoder is made of. {@link ScalarOps} is the specification: every implementation returns the same bits.
 *
 * <p>Row {@code r} of every result depends on row {@code r} of the operands only (and, for attention, on the cache of its
 * own sequence). Thread: one caller at a time; scratch memory belongs to the instance. Operands must not alias unless said.
 */
public interface TensorOps extends AutoCloseable {
    /**
     * {@code outs[i][r][n] = Σ_k in[r][k] · weights[i][n][k]}, in the order of k. Integer formats meet activations rounded by
     * {@link ActivationRounding}; {@code ScalarProjection} says exactly how both kinds are summed. Several matrices that meet the same input are one parallel section.
     */
    void project(Tensor in, int rows, PackedMatrix[] weights, Tensor[] outs);

    /** {@code out[r] = in[r] / rms(in[r]) · gain}; {@code out} may be {@code in}. */
    void rmsNorm(Tensor in, int rows, RmsNorm norm, Tensor out);

    /** {@link #rmsNorm} of every head of every row by itself, in place; a head is as wide as the gain. */
    void rmsNormHeads(Tensor x, int rows, RmsNorm norm);

    /** Rotates dimension pairs (i, i + half) of every head of every row, in place; dimensions from 2·half on stay. */
    void rotate(Tensor x, int rows, RotaryRows rotary);

    /** Writes the keys and values of every row into the cache. @param keys [rows][kvHeads · headDim], values likewise */
    void store(KvRows kv, int layer, Tensor keys, Tensor values);

    /** Causal attention of every row over its own sequence, as the rule says. @param queries [rows][heads · headDim], like {@code out} */
    void attend(KvRows kv, int layer, AttentionRule rule, Tensor queries, Tensor out);

    /** {@code gate = silu(gate) · up}, element by element. */
    void swiGlu(Tensor gate, Tensor up, int rows);

    /** {@code gate = gelu(gate) · up}, element by element; gelu by tanh, as {@link Gelu} writes it. */
    void geGlu(Tensor gate, Tensor up, int rows);

    /** The gate of gpt-oss, element by element: {@link ClampedSwiGlu}. */
    void clampedSwiGlu(Tensor gate, Tensor up, int rows);

    /** {@code x = cap · tanh(x / cap)}, element by element. */
    void softcap(Tensor x, int rows, float cap);

    /** {@code x[r] += bias}. @param bias as wide as {@code x} */
    void addBias(Tensor x, int rows, float[] bias);

    /**
     * {@code out[target[r]] = out[target[r]] + weight[r] · in[r]} with one rounding, for every row of {@code in}.
     *
     * @param placing rows of {@code out} that differ from each other, and their weights
     */
    void addWeighted(Tensor in, int rows, RowPlacing placing, Tensor out);

    /** {@code x += delta}, element by element. */
    void add(Tensor x, Tensor delta, int rows);

    /** Frees scratch memory. */
    @Override
    void close();
}
