/*
 * Sixteen lanes in plain C, for any processor: what every other set of lanes computes, said in loops that a compiler turns
 * into whatever vectors it has. Results are the same bits everywhere.
 */
#include <math.h>

/* Registers are the compiler's to find here. */
#undef UNROLL
#define UNROLL
#define EACH for (int lane = 0; lane < 16; lane++)

/* Shapes of register tiles: small, because each has code of its own. */
#define INT_TILE_ROWS 1
/* Whether the weights of a block stay in registers while every row of the tile meets them. */
#define BLOCK_IN_REGISTERS 0
/* Rows, one or two, that are few enough to read several panels at once, and how many panels that are. */
#define INT_STREAM_ROWS 1
#define INT_TILE_PANELS 1
#define FLOAT_TILE_ROWS 2
#define FLOAT_TILE_PANELS(rows) 1
#define ATTEND_QUERIES 2
#define ATTEND_VECTORS 1
/* What q_signed adds to every weight: i_dot_signed returns the sum of (weight + offset) * activation. */
#define SIGNED_OFFSET 0

typedef struct { float at[16]; } lanes;
typedef struct { int32_t at[16]; } ints;
/* Four neighbouring columns of 16 rows: [16 rows][4 columns]. */
typedef struct { int8_t at[64]; } quads;

INLINE float float_of(int32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
INLINE int32_t bits_of(float x) { int32_t bits; memcpy(&bits, &x, 4); return bits; }

INLINE lanes f_set(float x) { lanes r; EACH r.at[lane] = x; return r; }
INLINE lanes f_zero(void) { return f_set(0); }
INLINE lanes f_load(const float *p) { lanes r; memcpy(&r, p, 64); return r; }
/* The first n lanes; the others are zero and their memory is not touched. n is 1 to 16. */
INLINE lanes f_load_first(const float *p, int n) { lanes r = f_zero(); memcpy(&r, p, (size_t) n * 4); return r; }
INLINE void f_store(float *p, lanes x) { memcpy(p, &x, 64); }
INLINE void f_store_first(float *p, lanes x, int n) { memcpy(p, &x, (size_t) n * 4); }
INLINE lanes f_add(lanes a, lanes b) { EACH a.at[lane] += b.at[lane]; return a; }
INLINE lanes f_sub(lanes a, lanes b) { EACH a.at[lane] -= b.at[lane]; return a; }
INLINE lanes f_mul(lanes a, lanes b) { EACH a.at[lane] *= b.at[lane]; return a; }
INLINE lanes f_div(lanes a, lanes b) { EACH a.at[lane] /= b.at[lane]; return a; }
/* a * b + c and c - a * b, rounded once. */
INLINE lanes f_fma(lanes a, lanes b, lanes c) { EACH c.at[lane] = __builtin_fmaf(a.at[lane], b.at[lane], c.at[lane]); return c; }
INLINE lanes f_fnma(lanes a, lanes b, lanes c) { EACH c.at[lane] = __builtin_fmaf(-a.at[lane], b.at[lane], c.at[lane]); return c; }
INLINE lanes f_min(lanes a, lanes b) { EACH a.at[lane] = a.at[lane] < b.at[lane] ? a.at[lane] : b.at[lane]; return a; }
INLINE lanes f_max(lanes a, lanes b) { EACH a.at[lane] = a.at[lane] > b.at[lane] ? a.at[lane] : b.at[lane]; return a; }
INLINE lanes f_abs(lanes a) { EACH a.at[lane] = __builtin_fabsf(a.at[lane]); return a; }
INLINE lanes f_of_ints(ints a) { lanes r; EACH r.at[lane] = (float) a.at[lane]; return r; }
INLINE int f_any_nan(lanes a) { int any = 0; EACH any |= a.at[lane] != a.at[lane]; return any; }
/* Lanes from, inclusive, to to, exclusive, stay; the rest become other. */
INLINE lanes f_keep(lanes a, int from, int to, float other) { EACH a.at[lane] = lane >= from && lane < to ? a.at[lane] : other; return a; }
INLINE float f_max_of(lanes a) { float r = a.at[0]; EACH r = a.at[lane] > r ? a.at[lane] : r; return r; }

/* Lane i with lane i + 8, then + 4, + 2, + 1. */
INLINE float f_tree_sum(lanes a) {
    for (int distance = 8; distance > 0; distance /= 2) {
        for (int lane = 0; lane < distance; lane++) {
            a.at[lane] += a.at[lane + distance];
        }
    }
    return a.at[0];
}

/* The float whose exponent field is the bits of shifted less bits. */
INLINE lanes f_power(lanes shifted, int32_t bits) {
    EACH shifted.at[lane] = float_of((int32_t) ((uint32_t) (bits_of(shifted.at[lane]) - bits) << 23));
    return shifted;
}

/* Sixteen IEEE halves, HALF_REBIAS times too small. */
INLINE lanes f_small_halves(const void *p) {
    int16_t words[16];
    lanes r;
    memcpy(words, p, 32);
    EACH r.at[lane] = float_of((int32_t) (((uint32_t) (int32_t) words[lane] << 13) & 0x8FFFE000u));
    return r;
}

/* Sixteen IEEE halves. There is no case for infinity and NaN: they read as 65536 and above. */
INLINE lanes f_halves(const void *p) { return f_mul(f_small_halves(p), f_set(HALF_REBIAS)); }

INLINE lanes f_brains(const void *p) {
    uint16_t words[16];
    lanes r;
    memcpy(words, p, 32);
    EACH r.at[lane] = float_of((int32_t) ((uint32_t) words[lane] << 16));
    return r;
}

/* Sixteen eight-bit floats, e4m3. */
INLINE lanes f_eights(const void *p) {
    int8_t bytes[16];
    lanes r;
    memcpy(bytes, p, 16);
    EACH r.at[lane] = float_of((int32_t) (((uint32_t) (int32_t) bytes[lane] << 20) & 0x87F00000u)) * 0x1p120f;
    return r;
}

INLINE lanes f_unsigned_bytes(const void *p) {
    uint8_t bytes[16];
    lanes r;
    memcpy(bytes, p, 16);
    EACH r.at[lane] = (float) bytes[lane];
    return r;
}

INLINE lanes f_signed_bytes(const void *p) {
    int8_t bytes[16];
    lanes r;
    memcpy(bytes, p, 16);
    EACH r.at[lane] = (float) bytes[lane];
    return r;
}

/* The low, or the high, four bits of 16 bytes. */
INLINE lanes f_low_nibbles(const void *p) {
    uint8_t bytes[16];
    lanes r;
    memcpy(bytes, p, 16);
    EACH r.at[lane] = (float) (bytes[lane] & 15);
    return r;
}

INLINE lanes f_high_nibbles(const void *p) {
    uint8_t bytes[16];
    lanes r;
    memcpy(bytes, p, 16);
    EACH r.at[lane] = (float) (bytes[lane] >> 4);
    return r;
}

/* Nearest integers, ties to even; magnitudes are at most 127.5. */
INLINE void f_store_rounded(int8_t *p, lanes x) {
    EACH p[lane] = (int8_t) (int32_t) ((x.at[lane] + 0x1.8p23f) - 0x1.8p23f);
}

INLINE ints i_set(const int32_t *p) { ints r; EACH r.at[lane] = *p; return r; }

INLINE ints i_dot_signed(ints sum, quads w, const int8_t *x) {
    EACH sum.at[lane] += w.at[4 * lane] * x[0] + w.at[4 * lane + 1] * x[1] + w.at[4 * lane + 2] * x[2] + w.at[4 * lane + 3] * x[3];
    return sum;
}

/* The same for weights of 0 to 63. */
INLINE ints i_dot_small(ints sum, quads w, const int8_t *x) { return i_dot_signed(sum, w, x); }

INLINE quads q_signed(const void *p) { quads r; memcpy(&r, p, 64); return r; }

/* The low, or the high, four bits of 64 bytes. */
INLINE quads q_low(const void *p) {
    quads r = q_signed(p);
    for (int i = 0; i < 64; i++) {
        r.at[i] = (int8_t) (r.at[i] & 15);
    }
    return r;
}

INLINE quads q_high(const void *p) {
    quads r = q_signed(p);
    for (int i = 0; i < 64; i++) {
        r.at[i] = (int8_t) ((uint8_t) r.at[i] >> 4);
    }
    return r;
}

/* Six bits: the low four with a field, 0 to 3, of 64 bytes that hold four pairs of bits each, the lowest first. */
INLINE quads with_pairs(quads r, const void *pairs, int field) {
    const quads all = q_signed(pairs);
    for (int i = 0; i < 64; i++) {
        r.at[i] = (int8_t) (r.at[i] | ((uint8_t) all.at[i] >> 2 * field & 3) << 4);
    }
    return r;
}

INLINE quads q_low_six(const void *p, const void *pairs, int field) { return with_pairs(q_low(p), pairs, field); }
INLINE quads q_high_six(const void *p, const void *pairs, int field) { return with_pairs(q_high(p), pairs, field); }
