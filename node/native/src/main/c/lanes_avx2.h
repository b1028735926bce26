/* Sixteen lanes on AVX2 with FMA: pairs of 256-bit vectors. The names are those of lanes_plain.h, which says what each computes. */
#include <immintrin.h>

/* Shapes of register tiles: 16 vector registers of 8 lanes. */
#define INT_TILE_ROWS 4
#define BLOCK_IN_REGISTERS 0
#define INT_STREAM_ROWS 2
#define INT_TILE_PANELS 2
#define FLOAT_TILE_ROWS 6
#define FLOAT_TILE_PANELS(rows) ((rows) == 1 ? 4 : (rows) <= 3 ? 2 : 1)
#define ATTEND_QUERIES 6
#define ATTEND_VECTORS 1
/* Weights stay signed here: the sign moves to the activation instead. */
#define SIGNED_OFFSET 0

typedef struct { __m256 a, b; } lanes;
typedef struct { __m256i a, b; } ints;
typedef struct { __m256i a, b; } quads;

INLINE lanes f_pair(__m256 a, __m256 b) { lanes r = {a, b}; return r; }
INLINE ints i_pair(__m256i a, __m256i b) { ints r = {a, b}; return r; }
INLINE lanes f_set(float x) { return f_pair(_mm256_set1_ps(x), _mm256_set1_ps(x)); }
INLINE lanes f_zero(void) { return f_set(0); }
INLINE lanes f_load(const float *p) { return f_pair(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)); }
INLINE void f_store(float *p, lanes x) { _mm256_storeu_ps(p, x.a); _mm256_storeu_ps(p + 8, x.b); }

/* Lane numbers below n, as a mask; first is 0 or 8. */
INLINE __m256i below(int n, int first) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n - first), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

INLINE lanes f_load_first(const float *p, int n) {
    return f_pair(_mm256_maskload_ps(p, below(n, 0)), _mm256_maskload_ps(p + 8, below(n, 8)));
}

INLINE void f_store_first(float *p, lanes x, int n) {
    _mm256_maskstore_ps(p, below(n, 0), x.a);
    _mm256_maskstore_ps(p + 8, below(n, 8), x.b);
}

INLINE lanes f_add(lanes x, lanes y) { return f_pair(_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)); }
INLINE lanes f_sub(lanes x, lanes y) { return f_pair(_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)); }
INLINE lanes f_mul(lanes x, lanes y) { return f_pair(_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)); }
INLINE lanes f_div(lanes x, lanes y) { return f_pair(_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)); }
INLINE lanes f_fma(lanes x, lanes y, lanes z) { return f_pair(_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)); }
INLINE lanes f_fnma(lanes x, lanes y, lanes z) { return f_pair(_mm256_fnmadd_ps(x.a, y.a, z.a), _mm256_fnmadd_ps(x.b, y.b, z.b)); }
INLINE lanes f_min(lanes x, lanes y) { return f_pair(_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)); }
INLINE lanes f_max(lanes x, lanes y) { return f_pair(_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)); }

INLINE lanes f_abs(lanes x) {
    const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF));
    return f_pair(_mm256_and_ps(x.a, magnitude), _mm256_and_ps(x.b, magnitude));
}

INLINE lanes f_of_ints(ints x) { return f_pair(_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)); }

INLINE int f_any_nan(lanes x) {
    return _mm256_movemask_ps(_mm256_or_ps(_mm256_cmp_ps(x.a, x.a, _CMP_UNORD_Q), _mm256_cmp_ps(x.b, x.b, _CMP_UNORD_Q))) != 0;
}

INLINE lanes f_keep(lanes x, int from, int to, float other) {
    const __m256 o = _mm256_set1_ps(other);
    const __m256i a = _mm256_andnot_si256(below(from, 0), below(to, 0));
    const __m256i b = _mm256_andnot_si256(below(from, 8), below(to, 8));
    return f_pair(_mm256_blendv_ps(o, x.a, _mm256_castsi256_ps(a)), _mm256_blendv_ps(o, x.b, _mm256_castsi256_ps(b)));
}

INLINE float f_max_of(lanes x) {
    const __m256 eight = _mm256_max_ps(x.a, x.b);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

INLINE float f_tree_sum(lanes x) {
    const __m256 eight = _mm256_add_ps(x.a, x.b);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

INLINE __m256 power(__m256 shifted, int32_t bits) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_sub_epi32(_mm256_castps_si256(shifted), _mm256_set1_epi32(bits)), 23));
}

INLINE lanes f_power(lanes shifted, int32_t bits) { return f_pair(power(shifted.a, bits), power(shifted.b, bits)); }

INLINE __m256 moved(__m256i words, int shift, int32_t mask) {
    return _mm256_castsi256_ps(_mm256_and_si256(_mm256_slli_epi32(words, shift), _mm256_set1_epi32(mask)));
}

INLINE lanes f_small_halves(const void *p) {
    const __m128i *words = p;
    return f_pair(moved(_mm256_cvtepi16_epi32(_mm_loadu_si128(words)), 13, (int) 0x8FFFE000),
        moved(_mm256_cvtepi16_epi32(_mm_loadu_si128(words + 1)), 13, (int) 0x8FFFE000));
}

INLINE lanes f_halves(const void *p) { return f_mul(f_small_halves(p), f_set(HALF_REBIAS)); }

INLINE lanes f_brains(const void *p) {
    const __m128i *words = p;
    return f_pair(_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(words)), 16)),
        _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(words + 1)), 16)));
}

INLINE lanes f_eights(const void *p) {
    const __m128i bytes = _mm_loadu_si128(p);
    const lanes small = f_pair(moved(_mm256_cvtepi8_epi32(bytes), 20, (int) 0x87F00000),
        moved(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)), 20, (int) 0x87F00000));
    return f_mul(small, f_set(0x1p120f));
}

INLINE lanes f_unsigned_bytes(const void *p) {
    const __m128i bytes = _mm_loadu_si128(p);
    return f_pair(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)), _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))));
}

INLINE lanes f_signed_bytes(const void *p) {
    const __m128i bytes = _mm_loadu_si128(p);
    return f_pair(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8))));
}

INLINE lanes f_low_nibbles(const void *p) {
    const __m128i bytes = _mm_and_si128(_mm_loadu_si128(p), _mm_set1_epi8(15));
    return f_pair(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)), _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))));
}

INLINE lanes f_high_nibbles(const void *p) {
    const __m128i bytes = _mm_and_si128(_mm_srli_epi16(_mm_loadu_si128(p), 4), _mm_set1_epi8(15));
    return f_pair(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)), _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))));
}

INLINE void f_store_rounded(int8_t *p, lanes x) {
    const __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b)); /* a0 b0 a1 b1, four lanes each */
    const __m256i ordered = _mm256_permute4x64_epi64(words, 0xD8);
    _mm_storeu_si128((__m128i *) p, _mm_packs_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1)));
}

INLINE ints i_set(const int32_t *p) { return i_pair(_mm256_set1_epi32(*p), _mm256_set1_epi32(*p)); }

INLINE int32_t four_of(const int8_t *p) {
    int32_t four;
    memcpy(&four, p, 4);
    return four;
}

/* Pairs of products fit 16 bits: 2 * 128 * 127 < 2^15. */
INLINE __m256i dot(__m256i sum, __m256i magnitude, __m256i x) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(magnitude, x), _mm256_set1_epi16(1)));
}

INLINE ints i_dot_signed(ints sum, quads w, const int8_t *x) {
    const __m256i four = _mm256_set1_epi32(four_of(x));
    return i_pair(dot(sum.a, _mm256_abs_epi8(w.a), _mm256_sign_epi8(four, w.a)),
        dot(sum.b, _mm256_abs_epi8(w.b), _mm256_sign_epi8(four, w.b)));
}

INLINE ints i_dot_small(ints sum, quads w, const int8_t *x) {
    const __m256i four = _mm256_set1_epi32(four_of(x));
    return i_pair(dot(sum.a, w.a, four), dot(sum.b, w.b, four));
}

INLINE quads q_signed(const void *p) {
    quads r = {_mm256_loadu_si256(p), _mm256_loadu_si256((const __m256i *) p + 1)};
    return r;
}

INLINE quads q_low(const void *p) {
    const quads w = q_signed(p);
    const __m256i low = _mm256_set1_epi8(15);
    quads r = {_mm256_and_si256(w.a, low), _mm256_and_si256(w.b, low)};
    return r;
}

INLINE quads q_high(const void *p) {
    const quads w = q_signed(p);
    const __m256i low = _mm256_set1_epi8(15);
    quads r = {_mm256_and_si256(_mm256_srli_epi16(w.a, 4), low), _mm256_and_si256(_mm256_srli_epi16(w.b, 4), low)};
    return r;
}

INLINE __m256i pairs_of(const __m256i all, int field) {
    const __m256i moved = field < 2 ? _mm256_slli_epi16(all, 4 - 2 * field) : field == 2 ? all : _mm256_srli_epi16(all, 2);
    return _mm256_and_si256(moved, _mm256_set1_epi8(0x30));
}

INLINE quads with_pairs(const quads w, const void *pairs, int field) {
    const quads all = q_signed(pairs);
    quads r = {_mm256_or_si256(w.a, pairs_of(all.a, field)), _mm256_or_si256(w.b, pairs_of(all.b, field))};
    return r;
}

INLINE quads q_low_six(const void *p, const void *pairs, int field) { return with_pairs(q_low(p), pairs, field); }
INLINE quads q_high_six(const void *p, const void *pairs, int field) { return with_pairs(q_high(p), pairs, field); }
