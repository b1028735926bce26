/* Sixteen lanes on AVX-512 (F, BW, VL, DQ) with VNNI. The names are those of lanes_plain.h, which says what each computes. */
#include <immintrin.h>

/* Shapes of register tiles: 32 vector registers of 16 lanes. */
#define INT_TILE_ROWS 16
/* The weights of a block, 8 vectors, stay in registers while every row of the tile meets them. */
#define BLOCK_IN_REGISTERS 1
#define INT_STREAM_ROWS 2
#define INT_TILE_PANELS 4
#define FLOAT_TILE_ROWS 6
#define FLOAT_TILE_PANELS(rows) 4
#define ATTEND_QUERIES 6
#define ATTEND_VECTORS 4
/* What is added to signed weights, because the dot product multiplies unsigned by signed bytes. */
#define SIGNED_OFFSET 128

typedef __m512 lanes;
typedef __m512i ints;
typedef __m512i quads;

INLINE lanes f_zero(void) { return _mm512_setzero_ps(); }
INLINE lanes f_set(float x) { return _mm512_set1_ps(x); }
INLINE lanes f_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE lanes f_load_first(const float *p, int n) { return _mm512_maskz_loadu_ps((__mmask16) ((1u << n) - 1), p); }
INLINE void f_store(float *p, lanes x) { _mm512_storeu_ps(p, x); }
INLINE void f_store_first(float *p, lanes x, int n) { _mm512_mask_storeu_ps(p, (__mmask16) ((1u << n) - 1), x); }
INLINE lanes f_add(lanes a, lanes b) { return _mm512_add_ps(a, b); }
INLINE lanes f_sub(lanes a, lanes b) { return _mm512_sub_ps(a, b); }
INLINE lanes f_mul(lanes a, lanes b) { return _mm512_mul_ps(a, b); }
INLINE lanes f_div(lanes a, lanes b) { return _mm512_div_ps(a, b); }
INLINE lanes f_fma(lanes a, lanes b, lanes c) { return _mm512_fmadd_ps(a, b, c); }
INLINE lanes f_fnma(lanes a, lanes b, lanes c) { return _mm512_fnmadd_ps(a, b, c); }
INLINE lanes f_min(lanes a, lanes b) { return _mm512_min_ps(a, b); }
INLINE lanes f_max(lanes a, lanes b) { return _mm512_max_ps(a, b); }
INLINE lanes f_abs(lanes a) { return _mm512_abs_ps(a); }
INLINE lanes f_of_ints(ints a) { return _mm512_cvtepi32_ps(a); }
INLINE int f_any_nan(lanes a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q) != 0; }

INLINE lanes f_keep(lanes a, int from, int to, float other) {
    const __mmask16 kept = (__mmask16) ((1u << to) - (1u << from));
    return _mm512_mask_blend_ps(kept, _mm512_set1_ps(other), a);
}

INLINE float f_max_of(lanes a) { return _mm512_reduce_max_ps(a); }

INLINE float f_tree_sum(lanes a) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

INLINE lanes f_power(lanes shifted, int32_t bits) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_sub_epi32(_mm512_castps_si512(shifted), _mm512_set1_epi32(bits)), 23));
}

INLINE lanes f_small_halves(const void *p) {
    const __m512i words = _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *) p));
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_slli_epi32(words, 13), _mm512_set1_epi32((int) 0x8FFFE000)));
}

INLINE lanes f_halves(const void *p) { return f_mul(f_small_halves(p), f_set(HALF_REBIAS)); }

INLINE lanes f_brains(const void *p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *) p)), 16));
}

INLINE lanes f_eights(const void *p) {
    const __m512i bytes = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *) p));
    const __m512i bits = _mm512_and_si512(_mm512_slli_epi32(bytes, 20), _mm512_set1_epi32((int) 0x87F00000));
    return _mm512_mul_ps(_mm512_castsi512_ps(bits), _mm512_set1_ps(0x1p120f));
}

INLINE lanes f_unsigned_bytes(const void *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *) p)));
}

INLINE lanes f_signed_bytes(const void *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *) p)));
}

INLINE lanes f_low_nibbles(const void *p) {
    return _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *) p)), _mm512_set1_epi32(15)));
}

INLINE lanes f_high_nibbles(const void *p) {
    return _mm512_cvtepi32_ps(_mm512_srli_epi32(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *) p)), 4));
}

INLINE void f_store_rounded(int8_t *p, lanes x) {
    _mm_storeu_si128((__m128i *) p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x)));
}

INLINE ints i_set(const int32_t *p) { return _mm512_set1_epi32(*p); }

INLINE int32_t four_of(const int8_t *p) {
    int32_t four;
    memcpy(&four, p, 4);
    return four;
}

INLINE ints i_dot_signed(ints sum, quads w, const int8_t *x) { return _mm512_dpbusd_epi32(sum, w, _mm512_set1_epi32(four_of(x))); }
INLINE ints i_dot_small(ints sum, quads w, const int8_t *x) { return _mm512_dpbusd_epi32(sum, w, _mm512_set1_epi32(four_of(x))); }
INLINE quads q_signed(const void *p) { return _mm512_xor_si512(_mm512_loadu_si512(p), _mm512_set1_epi8((char) 0x80)); }
INLINE quads q_low(const void *p) { return _mm512_and_si512(_mm512_loadu_si512(p), _mm512_set1_epi8(15)); }
INLINE quads q_high(const void *p) {
    return _mm512_and_si512(_mm512_srli_epi16(_mm512_loadu_si512(p), 4), _mm512_set1_epi8(15));
}

/* Bits 4 and 5 of a quad: its field of 64 bytes of pairs. */
INLINE quads q_pairs(const void *pairs, int field) {
    const __m512i all = _mm512_loadu_si512(pairs);
    const __m512i moved = field < 2 ? _mm512_slli_epi16(all, (unsigned) (4 - 2 * field)) : field == 2 ? all : _mm512_srli_epi16(all, 2);
    return _mm512_and_si512(moved, _mm512_set1_epi8(0x30));
}

INLINE quads q_low_six(const void *p, const void *pairs, int field) { return _mm512_or_si512(q_low(p), q_pairs(pairs, field)); }
INLINE quads q_high_six(const void *p, const void *pairs, int field) { return _mm512_or_si512(q_high(p), q_pairs(pairs, field)); }
