package io.spillway.node.weights;

/** What each tensor is for, and what the two formats call it; {@code #} stands for the layer. */
public enum WeightName {
    EMBEDDING("token_embd.weight", "model.embed_tokens.weight"),
    OUTPUT_NORM("output_norm.weight", "model.norm.weight"),
    OUTPUT("output.weight", "lm_head.weight"),
    ROTARY_FACTORS("rope_freqs.weight", "model.layers.#.self_attn.rotary_emb.inv_freq"),
    ATTENTION_NORM("blk.#.attn_norm.weight", "model.layers.#.input_layernorm.weight"),
    QUERY("blk.#.attn_q.weight", "model.layers.#.self_attn.q_proj.weight"),
    KEY("blk.#.attn_k.weight", "model.layers.#.self_attn.k_proj.weight"),
    VALUE("blk.#.attn_v.weight", "model.layers.#.self_attn.v_proj.weight"),
    QUERY_NORM("blk.#.attn_q_norm.weight", "model.layers.#.self_attn.q_norm.weight"),
    KEY_NORM("blk.#.attn_k_norm.weight", "model.layers.#.self_attn.k_norm.weight"),
    ATTENTION_OUTPUT("blk.#.attn_output.weight", "model.layers.#.self_attn.o_proj.weight"),
    FEED_FORWARD_NORM("blk.#.ffn_norm.weight", "model.layers.#.post_attention_layernorm.weight"),
    GATE("blk.#.ffn_gate.weight", "model.layers.#.mlp.gate_proj.weight"),
    UP("blk.#.ffn_up.weight", "model.layers.#.mlp.up_proj.weight"),
    DOWN("blk.#.ffn_down.weight", "model.layers.#.mlp.down_proj.weight");

    private final String gguf;
    private final String huggingFace;

    WeightName(final String gguf, final String huggingFace) {
        this.gguf = gguf;
        this.huggingFace = huggingFace;
    }

    /** @return the tensor's name in a file; {@code layer} is ignored by names without one */
    String in(final boolean ggufFile, final int layer) {
        return (ggufFile ? gguf : huggingFace).replace("#", Integer.toString(layer));
    }
}
