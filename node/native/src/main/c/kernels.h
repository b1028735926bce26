/*
 * What the kernels share: numbers that the Java side knows too, and the table of one instruction set.
 *
 * Every kernel computes the sequence of single-precision operations that the scalar specification names, so fused
 * multiply-adds are written out and nothing may be contracted or reordered: compile with -ffp-contract=off, never with
 * -ffast-math. Kernels keep no state, allocate nothing and may run on any thread.
 */
#ifndef SPILLWAY_KERNELS_H
#define SPILLWAY_KERNELS_H

#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
/* For loops over registers, whose counts are constants once the function around them is inlined. */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Rows of a panel: one vector of 16 lanes holds the weights of 16 outputs for one input. */
#define PANEL 16
/* Panels of a strip, the unit of padding of a packed matrix. */
#define STRIP_PANELS 4
/* Columns that share a scale of rounded activations. */
#define BLOCK 32
/* Columns of a strip that are expanded to floats at a time: 64 KiB of scratch, well inside a second-level cache. */
#define EXPAND_COLUMNS 256
#define PROJECT_SCRATCH_BYTES (EXPAND_COLUMNS * PANEL * STRIP_PANELS * 4)

/* How weights are stored; the numbers are shared with WeightFormat.java. */
enum weight_format { W_F32, W_F16, W_BF16, W_F8, W_Q8_0, W_Q4_0, W_Q4_K, W_Q4_M, W_Q8_G, W_Q8_M };

/* A product of prepared rows with some panels of one matrix. */
struct projection {
    const uint8_t *panels;   /* the first panel; float formats: of a strip */
    const void *prepared;    /* the first tile of rows, as prepare wrote it */
    float *out;              /* [rows][out_stride], of which this writes 16 columns per panel */
    void *scratch;           /* PROJECT_SCRATCH_BYTES */
    int64_t out_stride;
    int32_t panel_count;     /* float formats: a multiple of STRIP_PANELS */
    int32_t columns;
    int32_t rows;
};

/* The kernels of one instruction set. */
struct kernel_set {
    /* Rows that are prepared together; rows of one matrix product come in tiles of this many, the last may have fewer. */
    int32_t (*tile_rows)(int format);
    /* Bytes of a prepared tile of that many rows. */
    int64_t (*tile_bytes)(int format, int32_t rows, int32_t columns);
    /* Rounds or interleaves the rows of one tile: in is [rows][columns]. */
    void (*prepare)(int format, const float *in, int32_t rows, int32_t columns, void *tile);
    void (*project)(int format, const struct projection *p);
};

extern const struct kernel_set kernels_plain;
extern const struct kernel_set kernels_avx2;
extern const struct kernel_set kernels_avx512;

#endif
