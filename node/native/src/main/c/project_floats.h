/*
 * Float weights: one fused multiply-add per column, in the order of columns, for every output. Included once per
 * instruction set, after its lanes.
 *
 * Lanes are outputs; a register tile is some rows by some panels, so that a sum waits for its own last addition only. A
 * prepared tile of m rows is float [columns][m].
 */

INLINE int float_element_bytes(const int format) {
    return format == W_F32 ? 4 : format == W_F8 ? 1 : 2;
}

/* Columns that are stored as a unit, and its bytes. */
INLINE int float_block_columns(const int format) {
    return format == W_F8 ? BLOCK : 1;
}

INLINE int float_block_bytes(const int format) {
    return format == W_F8 ? BLOCK * PANEL + 4 * PANEL : PANEL * float_element_bytes(format);
}

INLINE int64_t float_panel_bytes(const int format, const int columns) {
    return (int64_t) (columns / float_block_columns(format)) * float_block_bytes(format);
}

/* The weights of one column of a block. */
INLINE lanes float_column(const int format, const uint8_t *block, const int column) {
    switch (format) {
        case W_F32: return f_load((const float *) block);
        case W_F16: return f_halves(block);
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

/* m rows by n panels over some columns. x is [columns][x_stride]. */
INLINE void float_tile(const int format, const int m, const int n, const uint8_t *panels, const int64_t panel_bytes,
        const int columns, const float *x, const int x_stride, float *out, const int64_t out_stride, const int begins) {
    lanes total[FLOAT_TILE_ROWS][STRIP_PANELS];
    const uint8_t *at[STRIP_PANELS];
    UNROLL for (int panel = 0; panel < n; panel++) {
        at[panel] = panels + panel * panel_bytes;
        UNROLL for (int row = 0; row < m; row++) {
            total[row][panel] = begins ? f_zero() : f_load(out + row * out_stride + panel * PANEL);
        }
    }
    for (int column = 0; column < columns; column += float_block_columns(format)) {
        for (int inner = 0; inner < float_block_columns(format); inner++, x += x_stride) {
            lanes w[STRIP_PANELS];
            UNROLL for (int panel = 0; panel < n; panel++) {
                w[panel] = float_column(format, at[panel], inner);
            }
            UNROLL for (int row = 0; row < m; row++) {
                const lanes activation = f_set(x[row]);
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
INLINE void float_strip(const int format, const int m, const uint8_t *strip, const int64_t panel_bytes, const int columns,
        const float *x, const int x_stride, float *out, const int64_t out_stride, const int begins) {
    const int n = FLOAT_TILE_PANELS(m);
    for (int panel = 0; panel < STRIP_PANELS; panel += n) {
        float_tile(format, m, n, strip + panel * panel_bytes, panel_bytes, columns, x, x_stride, out + panel * PANEL, out_stride, begins);
    }
}

INLINE void float_rows(const int format, const int m, const uint8_t *strip, const int64_t panel_bytes, const int columns,
        const float *x, float *out, const int64_t out_stride, const int begins) {
    switch (m) {
        case 1: float_strip(format, 1, strip, panel_bytes, columns, x, m, out, out_stride, begins); break;
        case 2: float_strip(format, 2, strip, panel_bytes, columns, x, m, out, out_stride, begins); break;
#if FLOAT_TILE_ROWS > 2
        case 3: float_strip(format, 3, strip, panel_bytes, columns, x, m, out, out_stride, begins); break;
        case 4: float_strip(format, 4, strip, panel_bytes, columns, x, m, out, out_stride, begins); break;
        case 5: float_strip(format, 5, strip, panel_bytes, columns, x, m, out, out_stride, begins); break;
        case 6: float_strip(format, 6, strip, panel_bytes, columns, x, m, out, out_stride, begins); break;
#endif
    }
}

/* Some columns of a strip as floats: [4 panels][columns][16]. */
INLINE void float_expand(const int format, const uint8_t *strip, const int64_t panel_bytes, const int columns, float *to) {
    for (int panel = 0; panel < STRIP_PANELS; panel++) {
        const uint8_t *block = strip + panel * panel_bytes;
        for (int column = 0; column < columns; column += float_block_columns(format), block += float_block_bytes(format)) {
            for (int inner = 0; inner < float_block_columns(format); inner++, to += PANEL) {
                f_store(to, float_column(format, block, inner));
            }
        }
    }
}

static void float_rows_of_floats(const int m, const float *strip, const int64_t panel_bytes, const int columns, const float *x,
        float *out, const int64_t out_stride, const int begins) {
    float_rows(W_F32, m, (const uint8_t *) strip, panel_bytes, columns, x, out, out_stride, begins);
}

INLINE void project_floats_of(const int format, const struct projection *p) {
    const int64_t panel_bytes = float_panel_bytes(format, p->columns);
    for (int first = 0; first < p->panel_count; first += STRIP_PANELS) {
        const uint8_t *strip = p->panels + first * panel_bytes;
        float *out = p->out + first * PANEL;
        if (p->rows <= FLOAT_TILE_ROWS) {
            float_rows(format, p->rows, strip, panel_bytes, p->columns, p->prepared, out, p->out_stride, 1);
            continue;
        }
        for (int column = 0; column < p->columns; column += EXPAND_COLUMNS) {
            const int columns = p->columns - column < EXPAND_COLUMNS ? p->columns - column : EXPAND_COLUMNS;
            const uint8_t *from = strip + float_panel_bytes(format, column);
            const float *expanded = format == W_F32 ? (const float *) from : p->scratch;
            const int64_t expanded_bytes = format == W_F32 ? panel_bytes : (int64_t) columns * PANEL * 4;
            if (format != W_F32) {
                float_expand(format, from, panel_bytes, columns, p->scratch);
            }
            for (int row = 0; row < p->rows; row += FLOAT_TILE_ROWS) {
                const int m = p->rows - row < FLOAT_TILE_ROWS ? p->rows - row : FLOAT_TILE_ROWS;
                const float *x = (const float *) p->prepared + (int64_t) row * p->columns + (int64_t) column * m;
                float_rows_of_floats(m, expanded, expanded_bytes, columns, x, out + row * p->out_stride, p->out_stride, column == 0);
            }
        }
    }
}

static void project_f32(const struct projection *p) { project_floats_of(W_F32, p); }
static void project_f16(const struct projection *p) { project_floats_of(W_F16, p); }
static void project_bf16(const struct projection *p) { project_floats_of(W_BF16, p); }
static void project_f8(const struct projection *p) { project_floats_of(W_F8, p); }
