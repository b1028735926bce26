/*
 * What the kernels share: numbers that the Java side knows too, and the table of one instruction set.
 *
 * Every kernel computes the sequence of single-precision operations that the scalar specification names, so fused
 * multiply-adds are written out and nothing may be contracted or reordered: compile with -ffp-contract=off, never with
 * -ffast-math. Kernels keep no state, allocate nothing and may run on any thread.
 */
#ifndef SPILLWAY_KERNELS_H
#define SPILLWAY_KERNELS_H

#include <stddef.h>
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
/* Columns of a strip that are expanded to floats at a time: 16 KiB of scratch, half of a first-level cache. */
#define EXPAND_COLUMNS 64
#define PROJECT_SCRATCH_BYTES (EXPAND_COLUMNS * PANEL * STRIP_PANELS * 4)

/* The bits of a half, moved to where a float has them, are a float that is so many times too small. */
#define HALF_REBIAS 0x1p112f

/* How weights are stored; the numbers are shared with WeightFormat.java. */
enum weight_format { W_F32, W_F16, W_BF16, W_F8, W_Q8_0, W_Q4_0, W_Q4_K, W_Q4_M, W_Q8_G, W_Q8_M, W_Q6_K };

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

/* How a key or value number is stored; the numbers are KvElement.number(). */
enum kv_element { KV_F32 = 1, KV_F16, KV_BF16, KV_F8, KV_I8, KV_I4 };

/* One layer of attention; AttendSection.java writes it field by field. */
struct attention {
    int64_t key_offset;      /* from the begin of a block to the keys of the layer's first head */
    int64_t value_offset;
    int64_t head_bytes;      /* from one head's keys, or values, to the next one's */
    int64_t scales_offset;   /* from a head's keys, or values, to their scales */
    int64_t minima_offset;
    const float *sinks;      /* [heads], or none */
    int32_t element;
    int32_t head_dim;
    int32_t block_tokens;    /* a multiple of 16 */
    int32_t range_tokens;    /* a multiple of block_tokens */
    int32_t group;           /* query heads per key-value head */
    int32_t window_tokens;   /* 0: everything is visible */
    float scale;
    float softcap;           /* 0: none */
};

/* Consecutive rows of one sequence by one key-value head. */
struct attend_piece {
    const struct attention *a;
    const int64_t *blocks;      /* addresses of the blocks of the sequence */
    const int32_t *positions;   /* [rows], ascending */
    const float *queries;       /* [rows][group][head_dim] */
    uint8_t *scratch;           /* attend_scratch_bytes */
    int32_t rows;
    int32_t kv_head;
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
    int64_t (*attend_scratch_bytes)(const struct attention *a, int32_t rows);
    /* Bytes of the partial results of a piece over one range. */
    int64_t (*attend_part_bytes)(const struct attention *a, int32_t rows);
    /* All ranges, one after the other. out is like the piece's queries. */
    void (*attend)(const struct attend_piece *p, float *out);
    /* One range. */
    void (*attend_part)(const struct attend_piece *p, int32_t range, void *part);
    /* Merges what attend_part wrote for consecutive ranges. */
    void (*attend_merge)(const struct attend_piece *p, int32_t first_range, int32_t ranges, const void *parts, float *out);
};

extern const struct kernel_set kernels_plain;
extern const struct kernel_set kernels_avx2;
extern const struct kernel_set kernels_avx512;

#endif
