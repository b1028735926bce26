/*
 * Attention of some rows of one sequence over the paged cache, for one key-value head and the query heads that share it.
 * Included once per instruction set, after its lanes.
 *
 * Keys are [dim][token]: lanes are tokens. Values are [token][dim]: lanes are dimensions. A register tile is some queries by
 * some vectors, so every key and value that is loaded meets several queries. A query is one head of one row; a piece has
 * rows * group of them. Few queries read the cache as it is stored; many share one expansion of each block to floats.
 *
 * Every query meets the blocks of a range with an online softmax of its own, and its ranges are merged in their order.
 * Tokens that a query does not see may take part with weight 0.
 */

#define MINUS_INFINITY (-__builtin_inff())

/* --- exponential: the specification's sequence of operations ---------------------------------------------------------- */

#define EXP_LIMIT 87.0f
#define EXP_LOG2_E 1.44269504f
#define EXP_ROUND 12582912.0f
#define EXP_ROUND_BITS 0x4B400000
#define EXP_BIAS 127
#define EXP_LN2_HIGH 0.693359375f
#define EXP_LN2_LOW (-2.12194440e-4f)

INLINE lanes exp_of(const lanes x) {
    const lanes clamped = f_min(f_max(x, f_set(-EXP_LIMIT)), f_set(EXP_LIMIT));
    const lanes shifted = f_add(f_mul(clamped, f_set(EXP_LOG2_E)), f_set(EXP_ROUND));
    const lanes n = f_sub(shifted, f_set(EXP_ROUND));
    const lanes r = f_fma(n, f_set(-EXP_LN2_LOW), f_fma(n, f_set(-EXP_LN2_HIGH), clamped));
    lanes p = f_fma(r, f_set(1.0f / 720), f_set(1.0f / 120));
    p = f_fma(p, r, f_set(1.0f / 24));
    p = f_fma(p, r, f_set(1.0f / 6));
    p = f_fma(p, r, f_set(0.5f));
    p = f_fma(p, r, f_set(1));
    p = f_fma(p, r, f_set(1));
    return f_mul(p, f_power(shifted, EXP_ROUND_BITS - EXP_BIAS));
}

static float exp_of_one(const float x) {
    float all[PANEL];
    f_store(all, exp_of(f_set(x)));
    return all[0];
}

INLINE lanes tanh_of(const lanes x) {
    return f_sub(f_set(1), f_div(f_set(2), f_add(exp_of(f_mul(f_set(2), x)), f_set(1))));
}

/* --- stored numbers ---------------------------------------------------------------------------------------------------- */

INLINE int element_bits(const int element) {
    return element == KV_F32 ? 32 : element <= KV_BF16 ? 16 : element == KV_I4 ? 4 : 8;
}

INLINE int has_scales(const int element) {
    return element >= KV_F8;
}

INLINE lanes numbers_at(const int element, const uint8_t *p) {
    switch (element) {
        case KV_F32: return f_load((const float *) p);
        case KV_F16: return f_halves(p);
        case KV_BF16: return f_brains(p);
        case KV_F8: return f_eights(p);
        default: return f_signed_bytes(p);
    }
}

/* Dimension dim of 16 tokens from token on. */
INLINE lanes key_at(const int element, const uint8_t *keys, const int tokens, const int dim, const int token) {
    if (element == KV_I4) {
        const uint8_t *pairs = keys + (int64_t) (dim / 2) * tokens + token;
        return dim % 2 == 0 ? f_low_nibbles(pairs) : f_high_nibbles(pairs);
    }
    return numbers_at(element, keys + ((int64_t) dim * tokens + token) * (element_bits(element) / 8));
}

/* Sixteen dimensions from dim on of a token; of I4, all in one half. */
INLINE lanes value_at(const int element, const uint8_t *values, const int dims, const int token, const int dim) {
    if (element == KV_I4) {
        const uint8_t *pairs = values + (int64_t) token * (dims / 2) + dim % (dims / 2);
        return dim < dims / 2 ? f_low_nibbles(pairs) : f_high_nibbles(pairs);
    }
    return numbers_at(element, values + ((int64_t) token * dims + dim) * (element_bits(element) / 8));
}

INLINE void expand_keys(const int element, const uint8_t *keys, const int tokens, const int dims, float *to) {
    for (int dim = 0; dim < dims; dim++) {
        for (int token = 0; token < tokens; token += PANEL) {
            f_store(to + (int64_t) dim * tokens + token, key_at(element, keys, tokens, dim, token));
        }
    }
}

/* n numbers, fewer than a vector; nothing behind them is read. */
INLINE lanes few_numbers_at(const int element, const uint8_t *p, const int n) {
    uint8_t copy[PANEL * 4] = {0};
    memcpy(copy, p, (size_t) n * (element_bits(element) / 8));
    return numbers_at(element, copy);
}

INLINE void expand_nibbles(const uint8_t *pairs, const int half, float *to) {
    for (int i = 0; i < half; i++) {
        to[i] = (float) (pairs[i] & 15);
        to[half + i] = (float) (pairs[i] >> 4);
    }
}

/* Rows of padded floats; what pads them is zero. */
INLINE void expand_values(const int element, const uint8_t *values, const int tokens, const int dims, const int padded, float *to) {
    for (int token = 0; token < tokens; token++, to += padded) {
        if (element == KV_I4) {
            f_store(to + padded - PANEL, f_zero());
            expand_nibbles(values + (int64_t) token * (dims / 2), dims / 2, to);
            continue;
        }
        const uint8_t *from = values + (int64_t) token * dims * (element_bits(element) / 8);
        int dim = 0;
        for (; dim + PANEL <= dims; dim += PANEL) {
            f_store(to + dim, numbers_at(element, from + dim * (element_bits(element) / 8)));
        }
        if (dim < dims) {
            f_store(to + dim, few_numbers_at(element, from + dim * (element_bits(element) / 8), dims - dim));
        }
    }
}

/* --- the memory of a piece ---------------------------------------------------------------------------------------------- */

INLINE int padded_dims(const struct attention *a) {
    return (a->head_dim + PANEL - 1) / PANEL * PANEL;
}

/* Softmaxes in progress, one per query. */
struct softmaxes {
    float *maximum;   /* [queries] */
    float *total;     /* [queries] */
    float *offset;    /* [queries] */
    float *sum;       /* [queries][padded dims] */
};

static int64_t softmaxes_floats(const struct attention *a, const int queries) {
    return (int64_t) (queries + PANEL - 1) / PANEL * PANEL * 3 + (int64_t) queries * padded_dims(a);
}

static struct softmaxes softmaxes_at(const struct attention *a, const int queries, void *memory) {
    const int each = (queries + PANEL - 1) / PANEL * PANEL;
    float *floats = memory;
    const struct softmaxes s = {floats, floats + each, floats + 2 * each, floats + 3 * each};
    (void) a;
    return s;
}

static void softmaxes_begin(const struct attention *a, const int queries, const struct softmaxes s) {
    for (int query = 0; query < queries; query++) {
        s.maximum[query] = MINUS_INFINITY;
        s.total[query] = 0;
        s.offset[query] = 0;
    }
    memset(s.sum, 0, (size_t) queries * padded_dims(a) * 4);
}

struct workspace {
    struct softmaxes whole;
    struct softmaxes part;
    float *scaled;        /* [queries][head_dim] */
    float *scaled_sum;    /* [queries]: sum of each, in sixteen lanes */
    float *scores;        /* [ATTEND_QUERIES][block_tokens], then weights */
    float *keys;          /* [head_dim][block_tokens] */
    float *values;        /* [block_tokens][padded dims] */
    float *token_scales;  /* [4][block_tokens]: scales and minima of keys, then of values */
};

static int64_t attend_scratch_bytes(const struct attention *a, const int32_t rows) {
    const int64_t queries = (int64_t) rows * a->group;
    const int64_t block = (int64_t) a->block_tokens * padded_dims(a);
    return 4 * (2 * softmaxes_floats(a, (int) queries) + queries * padded_dims(a) + queries + PANEL
        + (int64_t) ATTEND_QUERIES * a->block_tokens + 2 * block + 4 * (int64_t) a->block_tokens);
}

static struct workspace workspace_of(const struct attend_piece *p) {
    const struct attention *a = p->a;
    const int queries = p->rows * a->group;
    const int64_t block = (int64_t) a->block_tokens * padded_dims(a);
    struct workspace w;
    float *at = (float *) p->scratch;
    w.keys = at;
    w.values = at += block;
    w.scores = at += block;
    w.token_scales = at += (int64_t) ATTEND_QUERIES * a->block_tokens;
    w.scaled = at += 4 * (int64_t) a->block_tokens;
    w.whole = softmaxes_at(a, queries, at += (int64_t) queries * padded_dims(a));
    w.part = softmaxes_at(a, queries, at += softmaxes_floats(a, queries));
    w.scaled_sum = at + softmaxes_floats(a, queries);
    return w;
}

static void scale_queries(const struct attend_piece *p, const struct workspace *w) {
    const int dims = p->a->head_dim;
    for (int query = 0; query < p->rows * p->a->group; query++) {
        const float *from = p->queries + (int64_t) query * dims;
        float *to = w->scaled + (int64_t) query * dims;
        lanes sum = f_zero();
        for (int dim = 0; dim < dims; dim += PANEL) {
            const int n = dims - dim < PANEL ? dims - dim : PANEL;
            const lanes scaled = f_mul(f_load_first(from + dim, n), f_set(p->a->scale));
            f_store_first(to + dim, scaled, n);
            sum = f_add(sum, f_keep(scaled, 0, n, 0));
        }
        w->scaled_sum[query] = f_tree_sum(sum);
    }
}

/* --- tiles ------------------------------------------------------------------------------------------------------------- */

/* scores of n queries by v vectors of tokens. Asks for the same place in the next block meanwhile. */
INLINE void score_tile(const int element, const int n, const int v, const struct attention *a, const uint8_t *keys,
        const int64_t ahead, const float *queries, const int token, float *scores) {
    const int dims = a->head_dim;
    const int tokens = a->block_tokens;
    const int steps = element == KV_I4 ? 2 : 1;
    lanes total[ATTEND_QUERIES][ATTEND_VECTORS];
    UNROLL for (int query = 0; query < n; query++) {
        UNROLL for (int i = 0; i < v; i++) {
            total[query][i] = f_zero();
        }
    }
    for (int dim = 0; dim < dims; dim += steps) {
        if (ahead != 0) {
            const uint8_t *row = keys + ahead + ((int64_t) dim * tokens + token) * element_bits(element) / 8;
            UNROLL for (int line = 0; line < v * PANEL * element_bits(element) / 8; line += 64) {
                __builtin_prefetch(row + line, 0, 2);
            }
        }
        UNROLL for (int step = 0; step < steps; step++) {
            lanes k[ATTEND_VECTORS];
            UNROLL for (int i = 0; i < v; i++) {
                k[i] = key_at(element, keys, tokens, dim + step, token + i * PANEL);
            }
            UNROLL for (int query = 0; query < n; query++) {
                const lanes q = f_set(queries[query * dims + dim + step]);
                UNROLL for (int i = 0; i < v; i++) {
                    total[query][i] = f_fma(q, k[i], total[query][i]);
                }
            }
        }
    }
    UNROLL for (int query = 0; query < n; query++) {
        UNROLL for (int i = 0; i < v; i++) {
            f_store(scores + query * tokens + token + i * PANEL, total[query][i]);
        }
    }
}

/* sum = sum * decay, then + weight * value token by token, for n queries by v vectors of dimensions. */
INLINE void value_tile(const int element, const int n, const int v, const struct attention *a, const uint8_t *values,
        const int64_t ahead, const int dims, const int from, const int to, const float *weights, const float *decay,
        const int dim, float *sum, const int sum_stride) {
    lanes total[ATTEND_QUERIES][ATTEND_VECTORS];
    UNROLL for (int query = 0; query < n; query++) {
        UNROLL for (int i = 0; i < v; i++) {
            total[query][i] = f_mul(f_load(sum + query * sum_stride + dim + i * PANEL), f_set(decay[query]));
        }
    }
    for (int token = from; token < to; token++) {
        if (ahead != 0) {
            const uint8_t *row = values + ahead + ((int64_t) token * dims + dim) * element_bits(element) / 8;
            UNROLL for (int line = 0; line < v * PANEL * element_bits(element) / 8; line += 64) {
                __builtin_prefetch(row + line, 0, 2);
            }
        }
        lanes x[ATTEND_VECTORS];
        UNROLL for (int i = 0; i < v; i++) {
            x[i] = value_at(element, values, dims, token, dim + i * PANEL);
        }
        UNROLL for (int query = 0; query < n; query++) {
            const lanes weight = f_set(weights[query * a->block_tokens + token]);
            UNROLL for (int i = 0; i < v; i++) {
                total[query][i] = f_fma(weight, x[i], total[query][i]);
            }
        }
    }
    UNROLL for (int query = 0; query < n; query++) {
        UNROLL for (int i = 0; i < v; i++) {
            f_store(sum + query * sum_stride + dim + i * PANEL, total[query][i]);
        }
    }
}

/* What score_tile and value_tile need for all vectors of a block. */
struct tile_call {
    const struct attention *a;
    const uint8_t *numbers;   /* of the head in the block, stored or expanded */
    const float *queries;     /* [n][head_dim] */
    float *scores;            /* [n][block_tokens] */
    const float *decay;       /* [n] */
    float *sum;               /* [n][dims] */
    int64_t ahead;
    int from;                 /* tokens */
    int to;
    int dims;                 /* of a row of values, a multiple of 16 */
};

INLINE void scores_of(const int element, const int n, const struct tile_call *c) {
    int token = c->from / PANEL * PANEL;
    for (; token + ATTEND_VECTORS * PANEL <= c->a->block_tokens && token < c->to; token += ATTEND_VECTORS * PANEL) {
        score_tile(element, n, ATTEND_VECTORS, c->a, c->numbers, c->ahead, c->queries, token, c->scores);
    }
#if ATTEND_VECTORS > 1
    for (; token < c->to; token += PANEL) {
        score_tile(element, n, 1, c->a, c->numbers, c->ahead, c->queries, token, c->scores);
    }
#endif
}

INLINE void values_of(const int element, const int n, const struct tile_call *c) {
    int dim = 0;
    for (; dim + ATTEND_VECTORS * PANEL <= c->dims; dim += ATTEND_VECTORS * PANEL) {
        value_tile(element, n, ATTEND_VECTORS, c->a, c->numbers, c->ahead, c->dims, c->from, c->to, c->scores, c->decay, dim, c->sum, c->dims);
    }
#if ATTEND_VECTORS > 1
    for (; dim < c->dims; dim += PANEL) {
        value_tile(element, n, 1, c->a, c->numbers, c->ahead, c->dims, c->from, c->to, c->scores, c->decay, dim, c->sum, c->dims);
    }
#endif
}

#if ATTEND_QUERIES > 2
#define MORE_QUERIES(what, element) \
        case 3: what(element, 3, c); break; \
        case 4: what(element, 4, c); break; \
        case 5: what(element, 5, c); break; \
        case 6: what(element, 6, c); break;
#else
#define MORE_QUERIES(what, element)
#endif

/* Code of its own for every number of queries. */
#define BY_QUERIES(name, what, element) \
static __attribute__((noinline)) void name(const int n, const struct tile_call *c) { \
    switch (n) { \
        case 1: what(element, 1, c); break; \
        case 2: what(element, 2, c); break; \
        MORE_QUERIES(what, element) \
    } \
}

BY_QUERIES(scores_f32, scores_of, KV_F32)
BY_QUERIES(scores_f16, scores_of, KV_F16)
BY_QUERIES(scores_bf16, scores_of, KV_BF16)
BY_QUERIES(scores_f8, scores_of, KV_F8)
BY_QUERIES(scores_i8, scores_of, KV_I8)
BY_QUERIES(scores_i4, scores_of, KV_I4)
BY_QUERIES(values_f32, values_of, KV_F32)
BY_QUERIES(values_f16, values_of, KV_F16)
BY_QUERIES(values_bf16, values_of, KV_BF16)
BY_QUERIES(values_f8, values_of, KV_F8)
BY_QUERIES(values_i8, values_of, KV_I8)
BY_QUERIES(values_i4, values_of, KV_I4)

typedef void (*tile_function)(int n, const struct tile_call *c);

static const tile_function score_tiles[] = {scores_f32, scores_f16, scores_bf16, scores_f8, scores_i8, scores_i4};
static const tile_function value_tiles[] = {values_f32, values_f16, values_bf16, values_f8, values_i8, values_i4};

/* --- softmax ------------------------------------------------------------------------------------------------------------ */

/* Tokens of a block, from, inclusive, to to, exclusive. */
struct span {
    int from;
    int to;
};

INLINE lanes scored(const int element, const struct attention *a, const struct workspace *w, const int query, const lanes score,
        const int token) {
    lanes s = score;
    if (element == KV_I4) {
        const lanes shift = f_mul(f_load(w->token_scales + a->block_tokens + token), f_set(w->scaled_sum[query]));
        s = f_fma(s, f_load(w->token_scales + token), shift);
    } else if (has_scales(element)) {
        s = f_mul(s, f_load(w->token_scales + token));
    }
    return a->softcap == 0 ? s : f_mul(f_set(a->softcap), tanh_of(f_div(s, f_set(a->softcap))));
}

/*
 * Scores of a query become weights, over the tokens that its tile shares; those it does not see weigh nothing. Returns what
 * its sum decays by.
 */
INLINE float weigh_as(const int element, const struct attention *a, const struct workspace *w, const int query,
        const struct span shared, const struct span seen, float *scores) {
    const struct softmaxes s = w->part;
    const int begin = shared.from / PANEL * PANEL;
    if (seen.from >= seen.to) {
        for (int token = begin; token < shared.to; token += PANEL) {
            f_store(scores + token, f_zero());
        }
        return 1;
    }
    lanes greatest = f_set(s.maximum[query]);
    for (int token = begin; token < shared.to; token += PANEL) {
        lanes score = scored(element, a, w, query, f_load(scores + token), token);
        if (token < seen.from || token + PANEL > seen.to) {
            const int from = seen.from - token < 0 ? 0 : seen.from - token > PANEL ? PANEL : seen.from - token;
            const int to = seen.to - token < from ? from : seen.to - token > PANEL ? PANEL : seen.to - token;
            score = f_keep(score, from, to, MINUS_INFINITY);
        }
        f_store(scores + token, score);
        greatest = f_max(greatest, score);
    }
    const float before = s.maximum[query];
    const float maximum = f_max_of(greatest);
    const float decay = before == maximum ? 1 : exp_of_one(before - maximum);
    lanes total = f_zero();
    lanes offset = f_zero();
    for (int token = begin; token < shared.to; token += PANEL) {
        lanes weight = exp_of(f_sub(f_load(scores + token), f_set(maximum)));
        if (token < seen.from || token + PANEL > seen.to) {
            const int from = seen.from - token < 0 ? 0 : seen.from - token > PANEL ? PANEL : seen.from - token;
            const int to = seen.to - token < from ? from : seen.to - token > PANEL ? PANEL : seen.to - token;
            weight = f_keep(weight, from, to, 0);
        }
        total = f_add(total, weight);
        if (element == KV_I4) {
            offset = f_fma(weight, f_load(w->token_scales + 3 * a->block_tokens + token), offset);
        }
        if (has_scales(element)) {
            weight = f_mul(weight, f_load(w->token_scales + 2 * a->block_tokens + token));
        }
        f_store(scores + token, weight);
    }
    s.maximum[query] = maximum;
    s.total[query] = __builtin_fmaf(s.total[query], decay, f_tree_sum(total));
    if (element == KV_I4) {
        s.offset[query] = __builtin_fmaf(s.offset[query], decay, f_tree_sum(offset));
    }
    return decay;
}

static float weigh_plain(const struct attention *a, const struct workspace *w, const int query, const struct span shared,
        const struct span seen, float *scores) {
    return weigh_as(KV_F32, a, w, query, shared, seen, scores);
}

static float weigh_scaled(const struct attention *a, const struct workspace *w, const int query, const struct span shared,
        const struct span seen, float *scores) {
    return weigh_as(KV_I8, a, w, query, shared, seen, scores);
}

static float weigh_nibbles(const struct attention *a, const struct workspace *w, const int query, const struct span shared,
        const struct span seen, float *scores) {
    return weigh_as(KV_I4, a, w, query, shared, seen, scores);
}

static float weigh(const struct attention *a, const struct workspace *w, const int query, const struct span shared,
        const struct span seen, float *scores) {
    return a->element == KV_I4 ? weigh_nibbles(a, w, query, shared, seen, scores)
        : has_scales(a->element) ? weigh_scaled(a, w, query, shared, seen, scores) : weigh_plain(a, w, query, shared, seen, scores);
}

/* --- blocks ------------------------------------------------------------------------------------------------------------- */

/* A block as the tiles of a piece read it: as it is stored, or expanded. */
struct block_view {
    const uint8_t *keys;
    const uint8_t *values;
    int64_t ahead;       /* from here to the block after, if stored numbers are read; 0: nothing to ask for */
    int keys_stored;
    int values_stored;
    int begin;           /* position of its first token */
};

static void token_scales(const int element, const struct attention *a, const uint8_t *head, float *scales) {
    for (int token = 0; token < a->block_tokens; token += PANEL) {
        if (element == KV_I4) {
            f_store(scales + token, f_halves(head + a->scales_offset + 2 * token));
            f_store(scales + a->block_tokens + token, f_halves(head + a->minima_offset + 2 * token));
        } else {
            f_store(scales + token, f_load((const float *) (head + a->scales_offset + 4 * token)));
        }
    }
}

INLINE int first_visible(const struct attention *a, const int position) {
    return a->window_tokens == 0 || position + 1 < a->window_tokens ? 0 : position + 1 - a->window_tokens;
}

/* What a row sees of a range of positions. */
INLINE struct span visible(const struct attention *a, const int position, const int from, const int to) {
    const int first = first_visible(a, position);
    const struct span s = {first > from ? first : from, position + 1 < to ? position + 1 : to};
    return s;
}

static void tile_of_queries(const int n, const struct attend_piece *p, const struct workspace *w, const struct block_view *b,
        const int query) {
    const struct attention *a = p->a;
    struct span seen[ATTEND_QUERIES];
    struct span shared = {a->block_tokens, 0};
    for (int i = 0; i < n; i++) {
        const struct span s = visible(a, p->positions[(query + i) / a->group], b->begin, b->begin + a->block_tokens);
        seen[i].from = s.from - b->begin;
        seen[i].to = s.to - b->begin;
        if (seen[i].from < seen[i].to) {
            shared.from = seen[i].from < shared.from ? seen[i].from : shared.from;
            shared.to = seen[i].to > shared.to ? seen[i].to : shared.to;
        }
    }
    if (shared.from >= shared.to) {
        return;
    }
    const int dims = padded_dims(a);
    float decay[ATTEND_QUERIES];
    struct tile_call c = {
        a, b->keys, w->scaled + (int64_t) query * a->head_dim, w->scores, decay, w->part.sum + (int64_t) query * dims,
        b->keys_stored ? b->ahead : 0, shared.from, shared.to, dims
    };
    score_tiles[b->keys_stored ? a->element - KV_F32 : 0](n, &c);
    for (int i = 0; i < n; i++) {
        decay[i] = weigh(a, w, query + i, shared, seen[i], w->scores + i * a->block_tokens);
    }
    c.numbers = b->values;
    c.ahead = b->values_stored ? b->ahead : 0;
    value_tiles[b->values_stored ? a->element - KV_F32 : 0](n, &c);
}

INLINE void view_floats(const int element, const struct attention *a, const struct workspace *w, struct block_view *b) {
    if (!b->keys_stored) {
        expand_keys(element, b->keys, a->block_tokens, a->head_dim, w->keys);
    }
    if (!b->values_stored) {
        expand_values(element, b->values, a->block_tokens, a->head_dim, padded_dims(a), w->values);
    }
}

/* Expands what the tiles of this piece do not read as it is stored. */
static void view_block(const struct attention *a, const struct workspace *w, struct block_view *b) {
    if (has_scales(a->element)) {
        token_scales(a->element, a, b->keys, w->token_scales);
        token_scales(a->element, a, b->values, w->token_scales + 2 * a->block_tokens);
    }
    switch (a->element) {
        case KV_F32: view_floats(KV_F32, a, w, b); break;
        case KV_F16: view_floats(KV_F16, a, w, b); break;
        case KV_BF16: view_floats(KV_BF16, a, w, b); break;
        case KV_F8: view_floats(KV_F8, a, w, b); break;
        case KV_I8: view_floats(KV_I8, a, w, b); break;
        default: view_floats(KV_I4, a, w, b);
    }
    b->keys = b->keys_stored ? b->keys : (const uint8_t *) w->keys;
    b->values = b->values_stored ? b->values : (const uint8_t *) w->values;
}

/* Softmaxes of every query over one range, into the part. */
static void attend_range(const struct attend_piece *p, const struct workspace *w, const int range) {
    const struct attention *a = p->a;
    const int queries = p->rows * a->group;
    const int tokens = a->block_tokens;
    const int from = range * a->range_tokens;
    softmaxes_begin(a, queries, w->part);
    const struct span first = visible(a, p->positions[0], from, from + a->range_tokens);
    const struct span last = visible(a, p->positions[p->rows - 1], from, from + a->range_tokens);
    const int few = queries <= ATTEND_QUERIES;
    struct block_view b;
    b.keys_stored = a->element == KV_F32 || few;
    b.values_stored = b.keys_stored && a->head_dim % (a->element == KV_I4 ? 2 * PANEL : PANEL) == 0;
    for (int block = first.from / tokens; block * tokens < last.to; block++) {
        const uint8_t *at = (const uint8_t *) p->blocks[block];
        b.keys = at + a->key_offset + p->kv_head * a->head_bytes;
        b.values = at + a->value_offset + p->kv_head * a->head_bytes;
        b.begin = block * tokens;
        b.ahead = few && (block + 1) * tokens < last.to ? p->blocks[block + 1] - p->blocks[block] : 0;
        view_block(a, w, &b);
        for (int query = 0; query < queries; query += ATTEND_QUERIES) {
            tile_of_queries(queries - query < ATTEND_QUERIES ? queries - query : ATTEND_QUERIES, p, w, &b, query);
        }
    }
}

/* --- ranges ------------------------------------------------------------------------------------------------------------- */

/* Adds a range to what came before; into nothing it is copied. */
static void merge_query(const struct attention *a, const struct softmaxes whole, const struct softmaxes part, const int query) {
    const int dims = padded_dims(a);
    const float greatest = whole.maximum[query] > part.maximum[query] ? whole.maximum[query] : part.maximum[query];
    const float decay = exp_of_one(whole.maximum[query] - greatest);
    const float part_decay = exp_of_one(part.maximum[query] - greatest);
    whole.total[query] = __builtin_fmaf(whole.total[query], decay, part.total[query] * part_decay);
    whole.offset[query] = __builtin_fmaf(whole.offset[query], decay, part.offset[query] * part_decay);
    for (int dim = 0; dim < dims; dim += PANEL) {
        float *sum = whole.sum + (int64_t) query * dims + dim;
        const lanes added = f_mul(f_load(part.sum + (int64_t) query * dims + dim), f_set(part_decay));
        f_store(sum, f_fma(f_load(sum), f_set(decay), added));
    }
    whole.maximum[query] = greatest;
}

static void merge_range(const struct attend_piece *p, const struct softmaxes whole, const struct softmaxes part, const int range) {
    const int from = range * p->a->range_tokens;
    for (int row = 0; row < p->rows; row++) {
        const struct span seen = visible(p->a, p->positions[row], from, from + p->a->range_tokens);
        for (int head = 0; head < p->a->group && seen.from < seen.to; head++) {
            merge_query(p->a, whole, part, row * p->a->group + head);
        }
    }
}

static void add_sink(const struct attention *a, const struct softmaxes s, const int query, const float sink) {
    const int dims = padded_dims(a);
    const float greatest = s.maximum[query] > sink ? s.maximum[query] : sink;
    const float decay = exp_of_one(s.maximum[query] - greatest);
    s.total[query] = __builtin_fmaf(s.total[query], decay, exp_of_one(sink - greatest));
    s.offset[query] *= decay;
    for (int dim = 0; dim < dims; dim += PANEL) {
        float *sum = s.sum + (int64_t) query * dims + dim;
        f_store(sum, f_mul(f_load(sum), f_set(decay)));
    }
    s.maximum[query] = greatest;
}

static void finish(const struct attend_piece *p, const struct softmaxes s, float *out) {
    const struct attention *a = p->a;
    const int padded = padded_dims(a);
    for (int query = 0; query < p->rows * a->group; query++) {
        if (a->sinks != 0) {
            add_sink(a, s, query, a->sinks[p->kv_head * a->group + query % a->group]);
        }
        const lanes inverse = f_set(1.0f / s.total[query]);
        const lanes shift = f_set(s.offset[query] + 0.0f);
        for (int dim = 0; dim < a->head_dim; dim += PANEL) {
            const int n = a->head_dim - dim < PANEL ? a->head_dim - dim : PANEL;
            const lanes sum = f_load(s.sum + (int64_t) query * padded + dim);
            f_store_first(out + (int64_t) query * a->head_dim + dim, f_mul(f_add(sum, shift), inverse), n);
        }
    }
}

static void attend(const struct attend_piece *p, float *out) {
    const struct attention *a = p->a;
    const struct workspace w = workspace_of(p);
    scale_queries(p, &w);
    softmaxes_begin(a, p->rows * a->group, w.whole);
    const int last = p->positions[p->rows - 1] / a->range_tokens;
    for (int range = first_visible(a, p->positions[0]) / a->range_tokens; range <= last; range++) {
        attend_range(p, &w, range);
        merge_range(p, w.whole, w.part, range);
    }
    finish(p, w.whole, out);
}

static int64_t attend_part_bytes(const struct attention *a, const int32_t rows) {
    return 4 * softmaxes_floats(a, rows * a->group);
}

static void attend_part(const struct attend_piece *p, const int32_t range, void *part) {
    struct workspace w = workspace_of(p);
    w.part = softmaxes_at(p->a, p->rows * p->a->group, part);
    scale_queries(p, &w);
    attend_range(p, &w, range);
}

static void attend_merge(const struct attend_piece *p, const int32_t first_range, const int32_t ranges, const void *parts, float *out) {
    const int queries = p->rows * p->a->group;
    const struct workspace w = workspace_of(p);
    softmaxes_begin(p->a, queries, w.whole);
    for (int i = 0; i < ranges; i++) {
        void *part = (uint8_t *) parts + i * attend_part_bytes(p->a, p->rows);
        merge_range(p, w.whole, softmaxes_at(p->a, queries, part), first_range + i);
    }
    finish(p, w.whole, out);
}
