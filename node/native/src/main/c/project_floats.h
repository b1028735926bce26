/*
 * Float weights: one fused multiply-add per column, in the order of columns, for every output. Included once per
 * instruction set, after its lanes.
 *
 * Lanes are outputs; a register tile is some rows by some panels, so that a sum waits for its own last addition only. A
 * prepared tile of m rows is float [columns][m].
 */

/* Not a format of files: some columns of a strip as floats, [columns][4 panels][16]. */
#define W_EXPANDED 100
/* Halves whose activations take the factor that the weights' bits lack: exact, and fewer activations than weights are multiplied. */
#define W_SMALL_F16 101
/* Activations below this take that factor without overflow. */
#define SMALL_F16_LIMIT 0x1p16f
/* Rows of which that is so. */
#define SMALL_F16_ROWS 2

INLINE int float_element_bytes(const int format) {
    return format == W_F32 ? 4 : format == W_F8 ? 1 : 2;
}

/* Columns that are stored as a unit, and its bytes. */
INLINE int float_block_columns(const int format) {
    return format == W_F8 ? BLOCK : 1;
}

INLINE int float_block_bytes(const int format) {
    return format == W_F8 ? BLOCK * PANEL + 4 * PANEL
        : format == W_EXPANDED ? STRIP_PANELS * PANEL * 4 : PANEL * float_element_bytes(format);
}

INLINE int64_t float_panel_bytes(const int format, const int columns) {
    return (int64_t) (columns / float_block_columns(format)) * float_block_bytes(format);
}

/* The weights of one column of a block. */
INLINE lanes float_column(const int format, const uint8_t *block, const int column) {
    switch (format) {
        case W_F32:
        case W_EXPANDED: return f_load((const float *) block);
        case W_F16: return f_halves(block);
        case W_SMALL_F16: return f_small_halves(block);
        case W_BF16: return f_brains(block);
        default: return f_mul(f_eights(block + PANEL * column), f_load((const float *) (block + BLOCK * PANEL)));
    }
}

static void prepare_floats(const float *in, const int rows, const int columns, float *tile) {
    if (rows == 1) {
        memcpy(tile, in, (size_t) columns * 4);
        return;
    }
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            tile[(int64_t) column * rows + row] = in[(int64_t) row * columns + column];
        }
    }
}

/* Some columns of a strip by some rows. */
struct float_call {
    const uint8_t *strip;
    int64_t panel_bytes;       /* from one panel to the next */
    const float *x;            /* [columns][rows] */
    float *out;
    int64_t out_stride;
    int columns;
    int begins;                /* whether these are the first columns */
    const uint8_t *next;       /* stored weights that will be expanded next: asked for meanwhile; 0: none */
    int64_t next_panel_bytes;
    int64_t next_bytes;        /* of each of its panels */
};

/* Lines of the next columns that are asked for per column of these. */
INLINE void ask_for_next(const struct float_call *c, const int column) {
    const int64_t at = (int64_t) column * 64;
    if (at < c->next_bytes) {
        UNROLL for (int panel = 0; panel < STRIP_PANELS; panel++) {
            __builtin_prefetch(c->next + panel * c->next_panel_bytes + at);
        }
    }
}

/* m rows by n panels, from the first on. */
INLINE void float_tile(const int format, const int m, const int n, const struct float_call *c, const int first) {
    const uint8_t *panels = c->strip + first * c->panel_bytes;
    const float *x = c->x;
    float *out = c->out + first * PANEL;
    const int64_t out_stride = c->out_stride;
    const int begins = c->begins;
    const int64_t panel_bytes = c->panel_bytes;
    const int columns = c->columns;
    lanes total[FLOAT_TILE_ROWS][STRIP_PANELS];
    const uint8_t *at[STRIP_PANELS];
    UNROLL for (int panel = 0; panel < n; panel++) {
        at[panel] = panels + panel * panel_bytes;
        UNROLL for (int row = 0; row < m; row++) {
            total[row][panel] = begins ? f_zero() : f_load(out + row * out_stride + panel * PANEL);
        }
    }
    for (int column = 0; column < columns; column += float_block_columns(format)) {
        if (format == W_EXPANDED && c->next != 0) {
            ask_for_next(c, column);
        }
        for (int inner = 0; inner < float_block_columns(format); inner++, x += m) {
            lanes w[STRIP_PANELS];
            UNROLL for (int panel = 0; panel < n; panel++) {
                w[panel] = float_column(format, at[panel], inner);
            }
            UNROLL for (int row = 0; row < m; row++) {
                const lanes activation = format == W_SMALL_F16 ? f_mul(f_set(x[row]), f_set(HALF_REBIAS)) : f_set(x[row]);
                UNROLL for (int panel = 0; panel < n; panel++) {
                    total[row][panel] = f_fma(activation, w[panel], total[row][panel]);
                }
            }
        }
        UNROLL for (int panel = 0; panel < n; panel++) {
            at[panel] += float_block_bytes(format);
        }
    }
    UNROLL for (int panel = 0; panel < n; panel++) {
        UNROLL for (int row = 0; row < m; row++) {
            f_store(out + row * out_stride + panel * PANEL, total[row][panel]);
        }
    }
}

/* The four panels of a strip by m rows. */
INLINE void float_strip(const int format, const int m, const struct float_call *c) {
    const int n = FLOAT_TILE_PANELS(m);
    for (int panel = 0; panel < STRIP_PANELS; panel += n) {
        float_tile(format, m, n, c, panel);
    }
}

INLINE void float_rows(const int format, const int m, const struct float_call *c) {
    switch (m) {
        case 1: float_strip(format, 1, c); break;
        case 2: float_strip(format, 2, c); break;
#if FLOAT_TILE_ROWS > 2
        case 3: float_strip(format, 3, c); break;
        case 4: float_strip(format, 4, c); break;
        case 5: float_strip(format, 5, c); break;
        case 6: float_strip(format, 6, c); break;
#endif
    }
}

static void rows_of_floats(const int m, const struct float_call *c) {
    float_rows(W_F32, m, c);
}

static void rows_of_expanded(const int m, const struct float_call *c) {
    float_rows(W_EXPANDED, m, c);
}

/* Some columns of a strip as floats. */
INLINE void float_expand(const int format, const uint8_t *strip, const int64_t panel_bytes, const int columns, float *to) {
    for (int column = 0; column < columns; column += float_block_columns(format), strip += float_block_bytes(format)) {
        for (int inner = 0; inner < float_block_columns(format); inner++, to += STRIP_PANELS * PANEL) {
            UNROLL for (int panel = 0; panel < STRIP_PANELS; panel++) {
                f_store(to + panel * PANEL, float_column(format, strip + panel * panel_bytes, inner));
            }
        }
    }
}

/* Rows beyond a register tile meet weights that were expanded once for all of them; floats are taken as they are. */
INLINE void project_many(const int format, const struct projection *p, const uint8_t *strip, float *out) {
    const int64_t panel_bytes = float_panel_bytes(format, p->columns);
    for (int column = 0; column < p->columns; column += EXPAND_COLUMNS) {
        const int left = p->columns - column;
        const int columns = left < EXPAND_COLUMNS ? left : EXPAND_COLUMNS;
        const int more = left - columns < EXPAND_COLUMNS ? left - columns : EXPAND_COLUMNS;
        const uint8_t *stored = strip + float_panel_bytes(format, column);
        struct float_call c = {stored, panel_bytes, NULL, NULL, p->out_stride, columns, column == 0, NULL, panel_bytes, 0};
        if (format != W_F32) {
            float_expand(format, stored, panel_bytes, columns, p->scratch);
            c.strip = p->scratch;
            c.panel_bytes = PANEL * 4;
        }
        for (int row = 0; row < p->rows; row += FLOAT_TILE_ROWS) {
            const int m = p->rows - row < FLOAT_TILE_ROWS ? p->rows - row : FLOAT_TILE_ROWS;
            c.x = (const float *) p->prepared + (int64_t) row * p->columns + (int64_t) column * m;
            c.out = out + row * p->out_stride;
            c.next = format != W_F32 && row == 0 && more > 0 ? stored + float_panel_bytes(format, columns) : NULL;
            c.next_bytes = float_panel_bytes(format, more);
            if (format == W_F32) {
                rows_of_floats(m, &c);
            } else {
                rows_of_expanded(m, &c);
            }
        }
    }
}

/* Whether all are small enough; infinities and NaN are not. */
static int below_small_f16_limit(const float *x, const int64_t count) {
    int below = 1;
    for (int64_t i = 0; i < count; i++) {
        below &= __builtin_fabsf(x[i]) < SMALL_F16_LIMIT;
    }
    return below;
}

static void few_rows_of_small_halves(const int m, const struct float_call *c) {
    if (m == 1) {
        float_strip(W_SMALL_F16, 1, c);
    } else {
        float_strip(W_SMALL_F16, SMALL_F16_ROWS, c);
    }
}

INLINE void project_floats_of(const int format, const struct projection *p) {
    const int64_t panel_bytes = float_panel_bytes(format, p->columns);
    const int small = format == W_F16 && p->rows <= SMALL_F16_ROWS && below_small_f16_limit(p->prepared, (int64_t) p->rows * p->columns);
    for (int first = 0; first < p->panel_count; first += STRIP_PANELS) {
        const uint8_t *strip = p->panels + first * panel_bytes;
        float *out = p->out + first * PANEL;
        if (p->rows > FLOAT_TILE_ROWS) {
            project_many(format, p, strip, out);
        } else {
            const struct float_call c = {strip, panel_bytes, p->prepared, out, p->out_stride, p->columns, 1, NULL, 0, 0};
            if (small) {
                few_rows_of_small_halves(p->rows, &c);
            } else {
                float_rows(format, p->rows, &c);
            }
        }
    }
}

static void project_f32(const struct projection *p) { project_floats_of(W_F32, p); }
static void project_f16(const struct projection *p) { project_floats_of(W_F16, p); }
static void project_bf16(const struct projection *p) { project_floats_of(W_BF16, p); }
static void project_f8(const struct projection *p) { project_floats_of(W_F8, p); }
