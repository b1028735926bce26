/*
 * Integer weights: activations are rounded to eight bits, 32 at a time, and meet the weights in exact integer sums; one
 * fused multiply-add per group of 16 or 32 columns brings in the scales. Included once per instruction set, after its lanes.
 *
 * A prepared tile of m rows is [blocks] of
 *   int8_t rounded[m][32]; float scale[m]; then per format
 *   Q8_0, Q4_0: int32_t bias[m]                  what the sum of products starts from: - offset * sum of activations
 *   Q4_K, Q4_M: float sum[m]                     sum of activations, which meets the minimum
 *   Q8_G, Q6_K: int32_t bias[2][m]               one per group of 16
 *   Q8_M: int32_t bias[2][m]; float sum[2][m]
 */

/* Groups of a block that have a scale of their own. */
INLINE int int_groups(const int format) {
    return format == W_Q8_G || format == W_Q8_M || format == W_Q6_K ? 2 : 1;
}

/* Numbers per row and block behind the rounded activations. */
INLINE int int_words(const int format) {
    return format == W_Q8_M ? 5 : int_groups(format) == 2 ? 3 : 2;
}

INLINE int int_block_bytes(const int format, const int rows) {
    return rows * (BLOCK + 4 * int_words(format));
}

/* What every weight is too large by when it meets an activation. */
INLINE int int_offset(const int format) {
    return format == W_Q4_0 ? 8 : format == W_Q6_K ? 32 : format == W_Q8_0 || format == W_Q8_G || format == W_Q8_M ? SIGNED_OFFSET : 0;
}

/* As Java casts a float to a byte, for the numbers that no finite activation leads to. */
static int8_t cast_to_byte(const float x) {
    if (x != x) {
        return 0;
    }
    return x >= 0x1p31f ? -1 : x <= -0x1p31f ? 0 : (int8_t) (int32_t) x;
}

/* Infinite, or so small that their inverse is, or not numbers: the plain way, which carries NaN on. */
static float round_odd_block(const float *x, int8_t *rounded) {
    float greatest = 0;
    for (int i = 0; i < BLOCK; i++) {
        const float magnitude = __builtin_fabsf(x[i]);
        greatest = magnitude > greatest || magnitude != magnitude ? magnitude : greatest;
        if (greatest != greatest) {
            break;
        }
    }
    const float inverse = greatest == 0 ? 0 : 127.0f / greatest;
    for (int i = 0; i < BLOCK; i++) {
        const float shifted = x[i] * inverse + 0x1.8p23f;
        rounded[i] = cast_to_byte(shifted - 0x1.8p23f);
    }
    return greatest / 127.0f;
}

/* Rounds 32 activations and returns their scale. */
INLINE float round_block(const float *x, int8_t *rounded) {
    const lanes a = f_load(x);
    const lanes b = f_load(x + 16);
    const float greatest = f_max_of(f_max(f_abs(a), f_abs(b)));
    const float inverse = greatest == 0 ? 0 : 127.0f / greatest;
    if (!(inverse <= 3.4e38f) || f_any_nan(f_add(a, b))) {
        return round_odd_block(x, rounded);
    }
    f_store_rounded(rounded, f_mul(a, f_set(inverse)));
    f_store_rounded(rounded + 16, f_mul(b, f_set(inverse)));
    return greatest / 127.0f;
}

static int32_t sum_of_16(const int8_t *rounded) {
    int32_t sum = 0;
    for (int i = 0; i < 16; i++) {
        sum += rounded[i];
    }
    return sum;
}

static void prepare_ints(const int format, const float *in, const int rows, const int columns, uint8_t *tile) {
    const int offset = int_offset(format);
    for (int block = 0; block < columns / BLOCK; block++, tile += int_block_bytes(format, rows)) {
        float *floats = (float *) (tile + rows * BLOCK);
        int32_t *numbers = (int32_t *) (tile + rows * BLOCK);
        for (int row = 0; row < rows; row++) {
            int8_t *rounded = (int8_t *) tile + row * BLOCK;
            floats[row] = round_block(in + (int64_t) row * columns + block * BLOCK, rounded);
            const int32_t first = sum_of_16(rounded);
            const int32_t second = sum_of_16(rounded + 16);
            if (format == W_Q8_0 || format == W_Q4_0) {
                numbers[rows + row] = -offset * (first + second);
            } else if (format == W_Q4_K || format == W_Q4_M) {
                floats[rows + row] = (float) (first + second);
            } else {
                numbers[rows + row] = -offset * first;
                numbers[2 * rows + row] = -offset * second;
            }
            if (format == W_Q8_M) {
                floats[3 * rows + row] = (float) first;
                floats[4 * rows + row] = (float) second;
            }
        }
    }
}

INLINE int is_nibbles(const int format) {
    return format == W_Q4_0 || format == W_Q4_K || format == W_Q4_M;
}

INLINE int has_minimum(const int format) {
    return format == W_Q4_K || format == W_Q4_M || format == W_Q8_M;
}

/* Whether products of weights are small enough for any kind of dot product: four bits or six. */
INLINE int is_small(const int format) {
    return is_nibbles(format) || format == W_Q6_K;
}

#define NIBBLES_BYTES 256

INLINE int payload_bytes(const int format) {
    return is_nibbles(format) ? NIBBLES_BYTES : format == W_Q6_K ? NIBBLES_BYTES + 128 : 512;
}

/* Bytes of 32 columns of a panel; of Q4_K and Q6_K, without the head of their super-block. */
INLINE int int_panel_block_bytes(const int format) {
    switch (format) {
        case W_Q8_0: return 544;
        case W_Q4_0: return 288;
        case W_Q4_K: return 288;
        case W_Q4_M: return 384;
        case W_Q8_G: return 640;
        case W_Q6_K: return 416;
        default: return 768;
    }
}

#define SUPER_BLOCKS 8

/* Bytes of what the blocks of a super-block share. */
INLINE int super_head_bytes(const int format) {
    return format == W_Q4_K ? 4 * PANEL : format == W_Q6_K ? 2 * PANEL : 0;
}

INLINE int64_t int_panel_bytes(const int format, const int columns) {
    const int64_t heads = columns / BLOCK / SUPER_BLOCKS * super_head_bytes(format);
    return (int64_t) (columns / BLOCK) * int_panel_block_bytes(format) + heads;
}

/* Quad q of a block: the weights of columns 4q to 4q + 3. */
INLINE quads int_quad(const int format, const uint8_t *block, const int q) {
    if (format == W_Q6_K) {
        const uint8_t *pairs = block + NIBBLES_BYTES + q / 4 * 64;
        return q < 4 ? q_low_six(block + 64 * q, pairs, q) : q_high_six(block + 64 * (q - 4), pairs, q - 4);
    }
    if (!is_nibbles(format)) {
        return q_signed(block + 64 * q);
    }
    return q < 4 ? q_low(block + 64 * q) : q_high(block + 64 * (q - 4));
}

/* Where the rows of a tile find their numbers; moves on block by block. */
struct int_rows {
    const int8_t *rounded;
    const float *scale;
    const int32_t *more;
    int all;     /* rows of the prepared tile, of which these are some */
    int bytes;   /* of one block of it */
};

INLINE ints int_start(const int format, const struct int_rows x, const int group, const int row) {
    static const int32_t nothing = 0;
    return int_offset(format) == 0 ? i_set(&nothing) : i_set(x.more + group * x.all + row);
}

INLINE ints int_dot(const int format, const ints sum, const quads w, const int8_t *x) {
    return is_small(format) ? i_dot_small(sum, w, x) : i_dot_signed(sum, w, x);
}

/* Brings a group's integer sum, and its minimum, into the row's result. */
INLINE lanes int_accumulate(const int format, const struct int_rows x, const int group, const int row, const ints sum,
        const lanes *scale, const lanes *minimum, lanes total) {
    const lanes activation = f_set(x.scale[row]);
    total = f_fma(f_of_ints(sum), f_mul(scale[group], activation), total);
    if (has_minimum(format)) {
        const float *sums = (const float *) x.more + (format == W_Q8_M ? 2 * x.all : 0) + group * x.all;
        total = f_fnma(f_set(sums[row]), f_mul(minimum[group], activation), total);
    }
    return total;
}

INLINE void int_scales(const int format, const uint8_t *block, const lanes *head, lanes *scale, lanes *minimum) {
    const uint8_t *behind = block + payload_bytes(format);
    switch (format) {
        case W_Q8_0:
        case W_Q4_0:
            scale[0] = f_halves(behind);
            break;
        case W_Q4_K:
            scale[0] = f_mul(head[0], f_unsigned_bytes(behind));
            minimum[0] = f_mul(head[1], f_unsigned_bytes(behind + PANEL));
            break;
        case W_Q6_K:
            scale[0] = f_mul(head[0], f_signed_bytes(behind));
            scale[1] = f_mul(head[0], f_signed_bytes(behind + PANEL));
            break;
        case W_Q4_M:
            scale[0] = f_load((const float *) behind);
            minimum[0] = f_load((const float *) behind + PANEL);
            break;
        default:
            scale[0] = f_load((const float *) behind);
            scale[1] = f_load((const float *) behind + PANEL);
            if (format == W_Q8_M) {
                minimum[0] = f_load((const float *) behind + 2 * PANEL);
                minimum[1] = f_load((const float *) behind + 3 * PANEL);
            }
    }
}

/*
 * With so many rows a block takes longer to compute than the processor's own prefetching looks ahead; with fewer, asking for
 * more than it does costs bandwidth.
 */
#define PREFETCH_ROWS 5
#define PREFETCH_BYTES 2176

/* The next block of one panel meets m rows. */
INLINE void int_block(const int format, const int m, const uint8_t *block, const lanes *head, const struct int_rows x, lanes *total) {
    const int groups = int_groups(format);
    lanes scale[2];
    lanes minimum[2];
    int_scales(format, block, head, scale, minimum);
#if BLOCK_IN_REGISTERS
    quads w[8];
    UNROLL for (int q = 0; q < 8; q++) {
        w[q] = int_quad(format, block, q);
    }
    UNROLL for (int row = 0; row < m; row++) {
        UNROLL for (int group = 0; group < groups; group++) {
            ints sum = int_start(format, x, group, row);
            UNROLL for (int q = 0; q < 8 / groups; q++) {
                sum = int_dot(format, sum, w[group * 4 + q], x.rounded + row * BLOCK + group * 16 + 4 * q);
            }
            total[row] = int_accumulate(format, x, group, row, sum, scale, minimum, total[row]);
        }
    }
#else
    UNROLL for (int group = 0; group < groups; group++) {
        ints sum[INT_TILE_ROWS];
        UNROLL for (int row = 0; row < m; row++) {
            sum[row] = int_start(format, x, group, row);
        }
        UNROLL for (int q = 0; q < 8 / groups; q++) {
            const quads w = int_quad(format, block, group * 4 + q);
            UNROLL for (int row = 0; row < m; row++) {
                sum[row] = int_dot(format, sum[row], w, x.rounded + row * BLOCK + group * 16 + 4 * q);
            }
        }
        UNROLL for (int row = 0; row < m; row++) {
            total[row] = int_accumulate(format, x, group, row, sum[row], scale, minimum, total[row]);
        }
    }
#endif
}

/* n panels, one behind the other, by m rows: results of 16 outputs each stay in registers over all columns. */
INLINE void int_tile(const int format, const int m, const int n, const uint8_t *panels, const int blocks, struct int_rows x,
        float *out, const int64_t out_stride) {
    const int64_t panel_bytes = int_panel_bytes(format, blocks * BLOCK);
    lanes total[INT_TILE_PANELS][INT_TILE_ROWS];
    lanes head[INT_TILE_PANELS][2];
    UNROLL for (int panel = 0; panel < n; panel++) {
        head[panel][0] = head[panel][1] = f_zero();
        UNROLL for (int row = 0; row < m; row++) {
            total[panel][row] = f_zero();
        }
    }
    for (int block = 0; block < blocks; block++) {
        if (super_head_bytes(format) != 0 && block % SUPER_BLOCKS == 0) {
            UNROLL for (int panel = 0; panel < n; panel++) {
                head[panel][0] = f_halves(panels + panel * panel_bytes);
                if (format == W_Q4_K) {
                    head[panel][1] = f_halves(panels + panel * panel_bytes + 2 * PANEL);
                }
            }
            panels += super_head_bytes(format);
        }
        if (m >= PREFETCH_ROWS) {
            UNROLL for (int line = 0; line < int_panel_block_bytes(format); line += 64) {
                __builtin_prefetch(panels + PREFETCH_BYTES + line);
            }
        }
        UNROLL for (int panel = 0; panel < n; panel++) {
            int_block(format, m, panels + panel * panel_bytes, head[panel], x, total[panel]);
        }
        panels += int_panel_block_bytes(format);
        x.rounded += x.bytes;
        x.scale = (const float *) ((const uint8_t *) x.scale + x.bytes);
        x.more = (const int32_t *) ((const uint8_t *) x.more + x.bytes);
    }
    UNROLL for (int panel = 0; panel < n; panel++) {
        UNROLL for (int row = 0; row < m; row++) {
            f_store(out + row * out_stride + panel * PANEL, total[panel][row]);
        }
    }
}

/* Rows of the next register tile when that many are left: the sizes there is code for, without a thin last one. */
INLINE int int_tile_size(const int rows) {
    if (rows >= INT_TILE_ROWS) {
        return INT_TILE_ROWS;
    }
#if INT_TILE_ROWS > 8
    return rows <= 8 ? rows : rows == 12 ? 12 : (rows + 1) / 2;
#else
    return rows;
#endif
}

/* Some rows of a prepared tile. */
INLINE struct int_rows int_rows_from(const int format, const uint8_t *tile, const int rows, const int first) {
    const struct int_rows x = {
        (const int8_t *) tile + first * BLOCK,
        (const float *) (tile + rows * BLOCK) + first,
        (const int32_t *) (tile + rows * BLOCK) + rows + first,
        rows, int_block_bytes(format, rows)
    };
    return x;
}

INLINE void int_rows_by_panel(const int format, const uint8_t *panel, const int blocks, const uint8_t *tile, const int rows,
        float *out, const int64_t out_stride) {
    for (int first = 0, m; first < rows; first += m) {
        m = int_tile_size(rows - first);
        const struct int_rows x = int_rows_from(format, tile, rows, first);
        float *to = out + first * out_stride;
        switch (m) {
            case 1: int_tile(format, 1, 1, panel, blocks, x, to, out_stride); break;
#if INT_TILE_ROWS > 1
            case 2: int_tile(format, 2, 1, panel, blocks, x, to, out_stride); break;
            case 3: int_tile(format, 3, 1, panel, blocks, x, to, out_stride); break;
            case 4: int_tile(format, 4, 1, panel, blocks, x, to, out_stride); break;
#endif
#if INT_TILE_ROWS > 4
            case 5: int_tile(format, 5, 1, panel, blocks, x, to, out_stride); break;
            case 6: int_tile(format, 6, 1, panel, blocks, x, to, out_stride); break;
            case 7: int_tile(format, 7, 1, panel, blocks, x, to, out_stride); break;
            case 8: int_tile(format, 8, 1, panel, blocks, x, to, out_stride); break;
            case 12: int_tile(format, 12, 1, panel, blocks, x, to, out_stride); break;
            case 16: int_tile(format, 16, 1, panel, blocks, x, to, out_stride); break;
#endif
        }
    }
}

/*
 * One or two rows wait for memory: panels are read side by side, because the processor fetches ahead in each of several
 * streams. Returns the panels done.
 */
INLINE int int_few_rows(const int format, const struct projection *p) {
    const int blocks = p->columns / BLOCK;
    const struct int_rows x = int_rows_from(format, p->prepared, p->rows, 0);
    int panel = 0;
    for (; panel + INT_TILE_PANELS <= p->panel_count && p->rows <= INT_STREAM_ROWS; panel += INT_TILE_PANELS) {
        const uint8_t *weights = p->panels + panel * int_panel_bytes(format, p->columns);
        if (p->rows == 1) {
            int_tile(format, 1, INT_TILE_PANELS, weights, blocks, x, p->out + panel * PANEL, p->out_stride);
        } else {
            int_tile(format, INT_STREAM_ROWS, INT_TILE_PANELS, weights, blocks, x, p->out + panel * PANEL, p->out_stride);
        }
    }
    return panel;
}

/* Panel by panel, so that each is read from memory once for all rows. */
INLINE void project_ints_of(const int format, const struct projection *p) {
    const int blocks = p->columns / BLOCK;
    const int64_t tile_bytes = (int64_t) blocks * int_block_bytes(format, INT_TILE_ROWS);
    for (int panel = int_few_rows(format, p); panel < p->panel_count; panel++) {
        const uint8_t *weights = p->panels + panel * int_panel_bytes(format, p->columns);
        for (int row = 0; row < p->rows; row += INT_TILE_ROWS) {
            const int rows = p->rows - row < INT_TILE_ROWS ? p->rows - row : INT_TILE_ROWS;
            int_rows_by_panel(format, weights, blocks, (const uint8_t *) p->prepared + row / INT_TILE_ROWS * tile_bytes, rows,
                p->out + row * p->out_stride + panel * PANEL, p->out_stride);
        }
    }
}

static void project_q8_0(const struct projection *p) { project_ints_of(W_Q8_0, p); }
static void project_q4_0(const struct projection *p) { project_ints_of(W_Q4_0, p); }
static void project_q4_k(const struct projection *p) { project_ints_of(W_Q4_K, p); }
static void project_q4_m(const struct projection *p) { project_ints_of(W_Q4_M, p); }
static void project_q8_g(const struct projection *p) { project_ints_of(W_Q8_G, p); }
static void project_q8_m(const struct projection *p) { project_ints_of(W_Q8_M, p); }
static void project_q6_k(const struct projection *p) { project_ints_of(W_Q6_K, p); }
