package io.spillway.node.weights;

/**
 * What each tensor is for, and what the two formats call it; {@code #} stands for the layer, {@code @} for the expert. Some
 * roles have several names, which belong to different architectures.
 */
public enum WeightName {
    EMBEDDING("token_embd.weight", "model.embed_tokens.weight"),
    OUTPUT_NORM("output_norm.weight", "model.norm.weight"),
    OUTPUT("output.weight", "lm_head.weight"),
    OUTPUT_BIAS("output.bias", "lm_head.bias"),
    ROTARY_FACTORS("rope_freqs.weight", "model.layers.#.self_attn.rotary_emb.inv_freq"),
    ROTARY_FACTORS_LONG("rope_factors_long.weight", "-"),
    ROTARY_FACTORS_SHORT("rope_factors_short.weight", "-"),

    ATTENTION_NORM("blk.#.attn_norm.weight", "model.layers.#.input_layernorm.weight"),
    QUERY("blk.#.attn_q.weight", "model.layers.#.self_attn.q_proj.weight"),
    KEY("blk.#.attn_k.weight", "model.layers.#.self_attn.k_proj.weight"),
    VALUE("blk.#.attn_v.weight", "model.layers.#.self_attn.v_proj.weight"),
    QUERY_KEY_VALUE("blk.#.attn_qkv.weight", "model.layers.#.self_attn.qkv_proj.weight"),
    QUERY_BIAS("blk.#.attn_q.bias", "model.layers.#.self_attn.q_proj.bias"),
    KEY_BIAS("blk.#.attn_k.bias", "model.layers.#.self_attn.k_proj.bias"),
    VALUE_BIAS("blk.#.attn_v.bias", "model.layers.#.self_attn.v_proj.bias"),
    QUERY_NORM("blk.#.attn_q_norm.weight", "model.layers.#.self_attn.q_norm.weight"),
    KEY_NORM("blk.#.attn_k_norm.weight", "model.layers.#.self_attn.k_norm.weight"),
    SINKS("blk.#.attn_sinks.weight", "model.layers.#.self_attn.sinks"),
    ATTENTION_OUTPUT("blk.#.attn_output.weight", "model.layers.#.self_attn.o_proj.weight"),
    ATTENTION_OUTPUT_BIAS("blk.#.attn_output.bias", "model.layers.#.self_attn.o_proj.bias"),
    /** Gemma: after the attention's output. gpt-oss: before its experts. */
    POST_ATTENTION_NORM("blk.#.post_attention_norm.weight", "model.layers.#.post_attention_layernorm.weight"),

    FEED_FORWARD_NORM("blk.#.ffn_norm.weight", "model.layers.#.post_attention_layernorm.weight"),
    GEMMA_FEED_FORWARD_NORM("blk.#.ffn_norm.weight", "model.layers.#.pre_feedforward_layernorm.weight"),
    POST_FEED_FORWARD_NORM("blk.#.post_ffw_norm.weight", "model.layers.#.post_feedforward_layernorm.weight"),
    GATE("blk.#.ffn_gate.weight", "model.layers.#.mlp.gate_proj.weight"),
    UP("blk.#.ffn_up.weight", "model.layers.#.mlp.up_proj.weight"),
    GATE_UP("blk.#.ffn_up.weight", "model.layers.#.mlp.gate_up_proj.weight"),
    DOWN("blk.#.ffn_down.weight", "model.layers.#.mlp.down_proj.weight"),

    ROUTER("blk.#.ffn_gate_inp.weight", "model.layers.#.mlp.gate.weight"),
    MIXTRAL_ROUTER("blk.#.ffn_gate_inp.weight", "model.layers.#.block_sparse_moe.gate.weight"),
    GPT_OSS_ROUTER("blk.#.ffn_gate_inp.weight", "model.layers.#.mlp.router.weight"),
    GPT_OSS_ROUTER_BIAS("blk.#.ffn_gate_inp.bias", "model.layers.#.mlp.router.bias"),
    EXPERT_GATE("blk.#.ffn_gate_exps.weight", "model.layers.#.mlp.experts.@.gate_proj.weight"),
    EXPERT_UP("blk.#.ffn_up_exps.weight", "model.layers.#.mlp.experts.@.up_proj.weight"),
    EXPERT_DOWN("blk.#.ffn_down_exps.weight", "model.layers.#.mlp.experts.@.down_proj.weight"),
    MIXTRAL_EXPERT_GATE("blk.#.ffn_gate_exps.weight", "model.layers.#.block_sparse_moe.experts.@.w1.weight"),
    MIXTRAL_EXPERT_UP("blk.#.ffn_up_exps.weight", "model.layers.#.block_sparse_moe.experts.@.w3.weight"),
    MIXTRAL_EXPERT_DOWN("blk.#.ffn_down_exps.weight", "model.layers.#.block_sparse_moe.experts.@.w2.weight"),
    /** Rows of gate and up take turns. */
    GPT_OSS_GATE_UP("-", "model.layers.#.mlp.experts.gate_up_proj"),
    GPT_OSS_GATE_UP_BIAS("-", "model.layers.#.mlp.experts.gate_up_proj_bias"),
    GPT_OSS_DOWN("-", "model.layers.#.mlp.experts.down_proj"),
    GPT_OSS_DOWN_BIAS("-", "model.layers.#.mlp.experts.down_proj_bias"),
    EXPERT_GATE_BIAS("blk.#.ffn_gate_exps.bias", "-"),
    EXPERT_UP_BIAS("blk.#.ffn_up_exps.bias", "-"),
    EXPERT_DOWN_BIAS("blk.#.ffn_down_exps.bias", "-");

    private final String gguf;
    private final String huggingFace;

    WeightName(final String gguf, final String huggingFace) {
        this.gguf = gguf;
        this.huggingFace = huggingFace;
    }

    /** @return whether both kinds of files have it */
    boolean inBoth() {
        return !gguf.equals("-") && !huggingFace.equals("-");
    }

    /** @return whether every layer has its own */
    boolean standsPerLayer() {
        return gguf.contains("#");
    }

    /** @return the tensor's name in a file; {@code layer} is ignored by names without one */
    String in(final boolean ggufFile, final int layer) {
        return (ggufFile ? gguf : huggingFace).replace("#", Integer.toString(layer));
    }

    /** @return whether that kind of file has a tensor for each expert, instead of one for all */
    boolean standsPerExpert(final boolean ggufFile) {
        return (ggufFile ? gguf : huggingFace).contains("@");
    }

    /** @return the tensor's name in a file that has one per expert */
    String in(final boolean ggufFile, final int layer, final int expert) {
        return in(ggufFile, layer).replace("@", Integer.toString(expert));
    }
}
