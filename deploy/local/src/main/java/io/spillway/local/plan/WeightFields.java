package io.spillway.local.plan;

import io.spillway.domain.error.ErrorCode;
import io.spillway.local.plan.PlannedModel.Attention;
import io.spillway.local.plan.PlannedModel.Experts;
import io.spillway.local.plan.PlannedModel.Weights;
import java.util.Set;

/** Counts the numbers of a decoder's weights from its {@code config.json}. */
final class WeightFields {
    private static final int MATRICES = 3; // gate, up, down
    private static final Set<String> TIED = Set.of("gemma2", "gemma3_text");
    private static final Set<String> HEAD_NORMS = Set.of("qwen3", "qwen3_moe", "gemma3_text");
    private static final int NORMS_GEMMA = 4;
    private static final int NORMS = 2;

    private final ConfigFields config;
    private final String kind;
    private final Attention attention;

    WeightFields(final ConfigFields config, final String kind, final Attention attention) {
        this.config = config;
        this.kind = kind;
        this.attention = attention;
    }

    Weights read() {
        final int vocabulary = config.size("vocab_size");
        final long embedding = config.product("vocab_size", vocabulary, attention.hidden());
        final boolean tied = config.flag("tie_word_embeddings", TIED.contains(kind));
        final Experts experts = experts();
        final long routers = experts.count() == 0 ? 0 : (long) expertLayers() * experts.count() * attention.hidden();
        final long plain = feedForward(attention.layers() - (experts.count() == 0 ? 0 : expertLayers()), plainWidth(experts), "intermediate_size");
        final long shared = experts.count() == 0 ? 0
            : feedForward(expertLayers(), (long) config.count("n_shared_experts", 0) * experts.width(), "n_shared_experts");
        return new Weights(vocabulary, embedding, tied ? 0 : embedding, attentionMatrices(), keyValueMatrices(), plain + routers + shared, experts,
            vectors(experts));
    }

    private long feedForward(final long layers, final long width, final String key) {
        return config.product(key, layers, MATRICES, width, attention.hidden());
    }

    private long plainWidth(final Experts experts) {
        return experts.count() > 0 && expertLayers() == attention.layers() ? 0 : config.size("intermediate_size");
    }

    private Experts experts() {
        final String countKey = switch (kind) {
            case "mixtral", "gpt_oss" -> "num_local_experts";
            case "qwen3_moe" -> "num_experts";
            default -> ModelConfig.LATENT_KINDS.contains(kind) ? "n_routed_experts" : "";
        };
        if (countKey.isEmpty() || ModelConfig.LATENT_KINDS.contains(kind) && config.count(countKey, 0) == 0) {
            return Experts.NONE;
        }
        final int count = config.size(countKey);
        final int chosen = config.size("num_experts_per_tok");
        if (chosen > count) {
            throw config.wrong(ErrorCode.INVALID_VALUE, "num_experts_per_tok", "is " + chosen + " of " + count + " experts");
        }
        final boolean same = kind.equals("mixtral") || kind.equals("gpt_oss");
        final int width = config.size(same ? "intermediate_size" : "moe_intermediate_size");
        return new Experts(count, chosen, width, feedForward((long) expertLayers() * count, width, countKey));
    }

    /** Of DeepSeek's layers the first few are plain. */
    private int expertLayers() {
        final int plain = ModelConfig.LATENT_KINDS.contains(kind) ? config.count("first_k_dense_replace", 0) : 0;
        if (plain > attention.layers()) {
            throw config.wrong(ErrorCode.INVALID_VALUE, "first_k_dense_replace", "is more than the layers");
        }
        return attention.layers() - plain;
    }

    /** What a host of several GPUs divides: queries and outputs, and what unpacks a latent row per head. */
    private long attentionMatrices() {
        final long hidden = attention.hidden();
        final long heads = attention.heads();
        if (attention.latent().width() == 0) {
            return config.product("hidden_size", 2, attention.layers(), hidden, heads, attention.headDim());
        }
        final PlannedModel.Latent latent = attention.latent();
        final long rank = config.size("kv_lora_rank");
        final int queryRank = config.count("q_lora_rank", 0);
        final int layers = attention.layers();
        return config.product("q_lora_rank", layers, queryRank == 0 ? hidden : queryRank, heads, latent.scoreWidth())
            + config.product("kv_lora_rank", layers, rank, heads, config.size("qk_nope_head_dim") + latent.valueWidth())
            + config.product("v_head_dim", layers, heads, latent.valueWidth(), hidden);
    }

    /** What is repeated on GPUs that repeat heads: keys and values, and what packs a latent row. */
    private long keyValueMatrices() {
        final long hidden = attention.hidden();
        if (attention.latent().width() == 0) {
            return config.product("hidden_size", 2, attention.layers(), hidden, attention.kvHeads(), attention.headDim());
        }
        return config.product("kv_lora_rank", attention.layers(), hidden, attention.latent().width() + config.count("q_lora_rank", 0));
    }

    private long vectors(final Experts experts) {
        final long hidden = attention.hidden();
        final boolean gemma = kind.startsWith("gemma");
        long perLayer = (gemma ? NORMS_GEMMA : NORMS) * hidden;
        if (attention.latent().width() > 0) {
            perLayer += config.size("kv_lora_rank") + config.count("q_lora_rank", 0);
            return hidden + attention.layers() * perLayer + (kind.equals("deepseek_v2") ? 0L : (long) expertLayers() * experts.count());
        }
        final long query = (long) attention.heads() * attention.headDim();
        final long keys = (long) attention.kvHeads() * attention.headDim();
        perLayer += HEAD_NORMS.contains(kind) ? 2L * attention.headDim() : 0;
        final boolean biased = kind.equals("qwen2") || config.flag("attention_bias", kind.equals("gpt_oss"));
        perLayer += biased ? query + 2 * keys : 0;
        perLayer += biased && !kind.equals("qwen2") ? hidden : 0;
        if (kind.equals("gpt_oss")) { // sinks; biases of the router and of every expert
            perLayer += attention.heads() + experts.count() * (1L + 2L * experts.width() + hidden);
        }
        return hidden + attention.layers() * perLayer;
    }
}
