// Attention of single rows (decode) over the paged cache, for the bandwidth of memory: every number of the cache is read once, 16 bytes
// (8 of a quantised cache) a load straight into registers, for all query heads that share it; tensor cores do the arithmetic.
//
// A block takes an item: a range of a row's positions for one group of at most 8 heads. It goes through it in tiles of 64 tokens. For
// the scores its warps divide the dimensions and add up through shared memory; for the values they divide the tokens, so that each
// keeps a softmax of its own, and these are merged in order at the end. Which items there are is planned once a step, on the device:
// the grid does not depend on positions. Items of one row are merged by the block that ends last, in their order: a launch less than
// with a kernel of its own, and rows of one item need no merging at all.
//
// How a lane 4 * g + t has its fragments without any exchange: rows and inner indices of a product may be renamed at will.
//   scores   A = keys transposed. A lane loads tokens 8g to 8g + 7 of dimensions 4t to 4t + 3; product j has tokens 8g + 2j (row g) and
//            8g + 2j + 1 (row g + 8), its inner indices 2t, 2t + 1, 2t + 8, 2t + 9 are those dimensions.
//   values   A = values transposed. A lane loads dimensions 8g to 8g + 7 of tokens 4t to 4t + 3; product j has dimensions 8g + 2j and
//            8g + 2j + 1, its inner indices are those tokens. B = weights: a lane computes the four that it needs.
#pragma once
#include "kv.cuh"
#include "tensor.cuh"

#define GROUP_MAX 8
#define PLAN_TILE 64
#define PARTS_MAX 256  // items of a row
#define SCORE_STRIDE 80 // floats from head to head: lanes that read four tokens each use all banks

namespace spillway {

/** What a launch is about; shapes as attend_decode has them. */
struct DecodeShape {
    long long blockBytes;
    int heads, kvHeads, headDim, blockTokens, tableStride;
    bool isBf16; // of queries and out
    float scale, softcap;
};

/** Eight neighbouring numbers of the cache as they lie in memory. */
template <int ELEMENT> struct Packed {
    static constexpr int WORDS = ELEMENT_BITS<ELEMENT> == 16 ? 4 : 2;
    unsigned words[WORDS];

    /** Or zeros; without a branch, so that many loads are under way. Nobody reads `from` where there is nothing. */
    __device__ __forceinline__ void load(const unsigned char* from, bool exists) {
#ifdef SPILLWAY_SHIM
        for (int i = 0; i < WORDS; i++) {
            words[i] = exists ? reinterpret_cast<const unsigned*>(from)[i] : 0;
        }
#else
        if constexpr (WORDS == 4) {
            asm volatile("{\n.reg .pred p;\nsetp.ne.s32 p, %5, 0;\nmov.b32 %0, 0;\nmov.b32 %1, 0;\nmov.b32 %2, 0;\nmov.b32 %3, 0;\n"
                "@p ld.global.cg.v4.b32 {%0,%1,%2,%3}, [%4];\n}"
                : "=&r"(words[0]), "=&r"(words[1]), "=&r"(words[2]), "=&r"(words[3]) : "l"(from), "r"(static_cast<int>(exists)));
        } else {
            asm volatile("{\n.reg .pred p;\nsetp.ne.s32 p, %3, 0;\nmov.b32 %0, 0;\nmov.b32 %1, 0;\n@p ld.global.cg.v2.b32 {%0,%1}, [%2];\n}"
                : "=&r"(words[0]), "=&r"(words[1]) : "l"(from), "r"(static_cast<int>(exists)));
        }
#endif
    }
};

/** Number n of a and number n of b as a pair of halves. */
template <int ELEMENT> __device__ __forceinline__ unsigned pairAt(const Packed<ELEMENT>& a, const Packed<ELEMENT>& b, int n) {
    if constexpr (!IS_QUANTISED<ELEMENT>) {
        return __byte_perm(a.words[n / 2], b.words[n / 2], n % 2 ? 0x7632 : 0x5410);
    } else if constexpr (ELEMENT == KV_F8) {
        return f8Pair(__byte_perm(a.words[n / 4], b.words[n / 4], n % 4 << 4 | (4 + n % 4) << 12));
    } else {
        return i8Pair(__byte_perm(a.words[n / 4], b.words[n / 4], n % 4 | (4 + n % 4) << 8) & 0x00FF00FFu);
    }
}

/** Both nibbles of byte n as a pair of halves. */
__device__ __forceinline__ unsigned nibblesAt(const Packed<KV_I4>& a, int n) {
    const unsigned twice = __byte_perm(a.words[n / 4], 0, n % 4 | 4 << 4 | n % 4 << 8 | 4 << 12);
    return i4Pair((twice & 0xF) | (twice >> 4 & 0xF0000));
}

/** The low (shift 0) or high (shift 4) nibbles of byte n of a and of b as a pair of halves. */
__device__ __forceinline__ unsigned nibbleAt(const Packed<KV_I4>& a, const Packed<KV_I4>& b, int n, int shift) {
    return i4Pair(__byte_perm(a.words[n / 4], b.words[n / 4], n % 4 | (4 + n % 4) << 8) >> shift & 0x000F000Fu);
}

/** Scales and minima of four neighbouring tokens. */
struct FourScales {
    float scale[4];
    float minimum[4];
};

template <int ELEMENT> __device__ __forceinline__ FourScales loadScales(const unsigned char* scales, int blockTokens, int token) {
    FourScales four;
    if constexpr (ELEMENT == KV_I4) {
        const uint2 a = __ldcg(reinterpret_cast<const uint2*>(scales + token * 2));
        const uint2 b = __ldcg(reinterpret_cast<const uint2*>(scales + (blockTokens + token) * 2));
        four = {{lowHalf(a.x), highHalf(a.x), lowHalf(a.y), highHalf(a.y)}, {lowHalf(b.x), highHalf(b.x), lowHalf(b.y), highHalf(b.y)}};
    } else {
        const float4 a = __ldcg(reinterpret_cast<const float4*>(scales + token * 4));
        four = {{a.x, a.y, a.z, a.w}, {0, 0, 0, 0}};
    }
    return four;
}

/** What one item is about. */
struct DecodeItem {
    const unsigned char* layer; // the slab, moved to the layer
    const int* table;           // of the row's sequence
    float* buffer;              // shared
    int kvHead, group, from, to;
};

/** Attention of one item by a block. DIMS: the head's, or the next of 64, 128 and 256. */
template <int ELEMENT, int DIMS> struct Decode {
    static constexpr int KIND = ELEMENT == KV_BF16 ? KIND_BF16 : KIND_F16;
    static constexpr int PARTS_OF_DIMS = DIMS > 128 ? 2 : 1; // warps that share tokens of the values
    static constexpr int WARPS = 4 * PARTS_OF_DIMS;
    static constexpr int THREADS = 32 * WARPS;
    static constexpr int KEY_CHUNKS = DIMS / 16 / WARPS;                             // of 16 dimensions, a warp's
    static constexpr int KEY_LOADS = ELEMENT == KV_I4 ? 2 : 4;                       // of a chunk
    static constexpr int OUT_CHUNKS = ELEMENT == KV_I4 || DIMS > 64 ? 2 : 1;         // of 64 dimensions, a warp's
    static constexpr int VALUE_CHUNKS = ELEMENT == KV_I4 ? 1 : OUT_CHUNKS;           // of 64 loaded numbers or bytes
    static constexpr int BUFFER = 2 * WARPS * GROUP_MAX * SCORE_STRIDE;              // floats
    static_assert(WARPS * GROUP_MAX * OUT_CHUNKS * 64 <= BUFFER && GROUP_MAX * PARTS_MAX <= BUFFER, "sums and factors fit in the buffer");
    typedef Packed<ELEMENT> Numbers;

    const DecodeShape& shape;
    const unsigned char* const layer;
    const int* const table;
    float* const buffer;
    const int kvHead, group, from, to;
    const long long headSize;
    const int blockBits, warp, lane;

    unsigned query[KEY_CHUNKS][2];
    float querySum = 0; // of head g, where keys have minima
    Numbers keys[KEY_CHUNKS][KEY_LOADS];
    Numbers values[VALUE_CHUNKS][4];
    FourScales keyScales, valueScales;
    int keyBlock = 0, valueBlock = 0; // of the tile to be loaded next
    float out[OUT_CHUNKS][4][4];
    float maximum = -INFINITY; // of head g
    float total = 0;           // of head g, this lane's tokens
    float offset = 0;

    __device__ __forceinline__ Decode(const DecodeShape& of, const DecodeItem& item)
        : shape(of), layer(item.layer), table(item.table), buffer(item.buffer), kvHead(item.kvHead), group(item.group), from(item.from), to(item.to),
          headSize(headBytes<ELEMENT>(of.headDim, of.blockTokens)), blockBits(__ffs(of.blockTokens) - 1), warp(static_cast<int>(threadIdx.x) / 32),
          lane(static_cast<int>(threadIdx.x) % 32) {}

    __device__ __forceinline__ const unsigned char* keysOf(int block) const {
        return layer + block * shape.blockBytes + kvHead * headSize;
    }

    __device__ __forceinline__ const unsigned char* valuesOf(int block) const {
        return layer + block * shape.blockBytes + (shape.kvHeads + kvHead) * headSize;
    }

    __device__ __forceinline__ int keyToken(int tile) const {
        return tile * PLAN_TILE + lane / 4 * 8;
    }

    __device__ __forceinline__ int valueToken(int tile) const {
        return tile * PLAN_TILE + warp % 4 * 16 + lane % 4 * 4;
    }

    /** Whether the range has a token among `count` from there on. */
    __device__ __forceinline__ bool sees(int token, int count) const {
        return token < to && token + count > from;
    }

    __device__ __forceinline__ void loadBlocks(int tile) {
        keyBlock = sees(keyToken(tile), 8) ? __ldcg(table + (keyToken(tile) >> blockBits)) : 0;
        valueBlock = sees(valueToken(tile), 4) ? __ldcg(table + (valueToken(tile) >> blockBits)) : 0;
    }

    /** The queries' fragments. A head beyond the group and dimensions beyond the head are 0. queries: of the group's first head */
    __device__ __forceinline__ void loadQueries(const half_bits* queries) {
        const int head = lane / 4;
        const half_bits* const mine = queries + static_cast<size_t>(head) * shape.headDim;
        UNROLL for (int c = 0; c < KEY_CHUNKS; c++) {
            const int d = (warp + c * WARPS) * 16 + lane % 4 * 4;
            uint2 four = {0, 0};
            if (head < group && d < shape.headDim) {
                four = __ldcg(reinterpret_cast<const uint2*>(mine + d));
            }
            query[c][0] = convert(four.x);
            query[c][1] = convert(four.y);
        }
        if constexpr (ELEMENT == KV_I4) {
            querySum = 0;
            for (int d = lane % 4 * 4; head < group && d < shape.headDim; d += 16) {
                const uint2 four = __ldcg(reinterpret_cast<const uint2*>(mine + d));
                const unsigned a = convert(four.x);
                const unsigned b = convert(four.y);
                querySum += lowOf<KIND>(a) + highOf<KIND>(a) + lowOf<KIND>(b) + highOf<KIND>(b);
            }
            querySum += __shfl_xor_sync(FULL_WARP, querySum, 1);
            querySum += __shfl_xor_sync(FULL_WARP, querySum, 2);
        }
    }

    /** From the kind of the activations to that of the products. */
    __device__ __forceinline__ unsigned convert(unsigned pair) const {
        if (shape.isBf16 == (KIND == KIND_BF16)) {
            return pair;
        }
        return shape.isBf16 ? pairOf<KIND>(lowOf<KIND_BF16>(pair), highOf<KIND_BF16>(pair))
            : pairOf<KIND>(lowOf<KIND_F16>(pair), highOf<KIND_F16>(pair));
    }

    __device__ __forceinline__ void loadKeys(int tile) {
        const bool isSeen = sees(keyToken(tile), 8);
        const int token = keyToken(tile) & (shape.blockTokens - 1);
        constexpr int BYTES = IS_QUANTISED<ELEMENT> ? 1 : 2;     // of a token in a line
        constexpr int LINES = ELEMENT == KV_I4 ? 8 : 16;         // of a chunk
        const int lineBytes = shape.blockTokens * BYTES;
        const unsigned char* const at = keysOf(keyBlock) + token * BYTES + (warp * LINES + lane % 4 * KEY_LOADS) * lineBytes;
        UNROLL for (int c = 0; c < KEY_CHUNKS; c++) {
            const bool exists = isSeen && (warp + c * WARPS) * 16 + lane % 4 * 4 < shape.headDim;
            UNROLL for (int i = 0; i < KEY_LOADS; i++) {
                keys[c][i].load(at + (c * WARPS * LINES + i) * lineBytes, exists);
            }
        }
    }

    /** And the scales of keys and values of the four tokens whose weights this lane computes. */
    __device__ __forceinline__ void loadValues(int tile) {
        const int rowBytes = shape.headDim * ELEMENT_BITS<ELEMENT> / 8;
        const int token = valueToken(tile) & (shape.blockTokens - 1);
        const unsigned char* const at = valuesOf(valueBlock);
        UNROLL for (int c = 0; c < VALUE_CHUNKS; c++) {
            const int byte = ((warp / 4 * VALUE_CHUNKS + c) * 64 + lane / 4 * 8) * (IS_QUANTISED<ELEMENT> ? 1 : 2);
            UNROLL for (int i = 0; i < 4; i++) {
                // What nobody has written may be no number: its weight 0 would not help.
                values[c][i].load(at + (token + i) * rowBytes + byte, sees(valueToken(tile) + i, 1) && byte < rowBytes);
            }
        }
        if constexpr (IS_QUANTISED<ELEMENT>) {
            if (sees(valueToken(tile), 4)) {
                const long long numbers = numberBytes<ELEMENT>(shape.headDim, shape.blockTokens);
                keyScales = loadScales<ELEMENT>(keysOf(valueBlock) + numbers, shape.blockTokens, token);
                valueScales = loadScales<ELEMENT>(at + numbers, shape.blockTokens, token);
                UNROLL for (int i = 0; i < 4; i++) { // nor may these
                    valueScales.scale[i] = sees(valueToken(tile) + i, 1) ? valueScales.scale[i] : 0.0f;
                    valueScales.minimum[i] = sees(valueToken(tile) + i, 1) ? valueScales.minimum[i] : 0.0f;
                }
            } else {
                keyScales = {};
                valueScales = {};
            }
        }
    }

    __device__ __forceinline__ unsigned keyPair(int c, int first, int n) const {
        if constexpr (ELEMENT == KV_I4) {
            return nibblesAt(keys[c][first / 2], n);
        } else {
            return pairAt<ELEMENT>(keys[c][first], keys[c][first + 1], n);
        }
    }

    /** This warp's dimensions' share of all scores, to shared memory. */
    __device__ __forceinline__ void writeScores(float* scores) {
        float sums[4][4];
        UNROLL for (int j = 0; j < 4; j++) {
            UNROLL for (int i = 0; i < 4; i++) {
                sums[j][i] = 0;
            }
            UNROLL for (int c = 0; c < KEY_CHUNKS; c++) {
                const unsigned a[4] = {keyPair(c, 0, 2 * j), keyPair(c, 0, 2 * j + 1), keyPair(c, 2, 2 * j), keyPair(c, 2, 2 * j + 1)};
                multiplyHalves<KIND>(sums[j], a, query[c][0], query[c][1]);
            }
        }
        const int head = lane % 4 * 2;
        float* const to = scores + (warp * GROUP_MAX + head) * SCORE_STRIDE + lane / 4 * 8;
        UNROLL for (int h = 0; h < 2; h++) {
            if (head + h < group) {
                float4* const eight = reinterpret_cast<float4*>(to + h * SCORE_STRIDE);
                eight[0] = {sums[0][h], sums[0][2 + h], sums[1][h], sums[1][2 + h]};
                eight[1] = {sums[2][h], sums[2][2 + h], sums[3][h], sums[3][2 + h]};
            }
        }
    }

    /** The scores of this lane's four tokens by head g, -infinity where they are not seen. */
    __device__ __forceinline__ void readScores(const float* scores, int tile, float* four) const {
        const int head = lane / 4;
        UNROLL for (int i = 0; i < 4; i++) {
            four[i] = 0;
        }
        UNROLL for (int w = 0; w < WARPS; w++) { // beyond the group: whatever stands there
            const float4 part = *reinterpret_cast<const float4*>(scores + (w * GROUP_MAX + head) * SCORE_STRIDE + warp % 4 * 16 + lane % 4 * 4);
            four[0] += part.x;
            four[1] += part.y;
            four[2] += part.z;
            four[3] += part.w;
        }
        UNROLL for (int i = 0; i < 4; i++) {
            float x = four[i];
            if constexpr (ELEMENT == KV_I4) {
                x = fmaf(x, keyScales.scale[i], keyScales.minimum[i] * querySum);
            } else if constexpr (IS_QUANTISED<ELEMENT>) {
                x *= keyScales.scale[i] * (ELEMENT == KV_F8 ? F8_PAIR_FACTOR : 1.0f);
            }
            x *= shape.scale;
            if (shape.softcap != 0) {
                x = shape.softcap * tanhOf(x / shape.softcap);
            }
            four[i] = head < group && sees(valueToken(tile) + i, 1) ? x : -INFINITY;
        }
    }

    /** Weights of the four tokens as the fragments of the values' product; what was summed before decays. */
    __device__ __forceinline__ void weigh(const float* scores, unsigned* weights, float* decays, float* unit) {
        float greatest = maximum;
        UNROLL for (int i = 0; i < 4; i++) {
            greatest = scores[i] > greatest ? scores[i] : greatest;
        }
        float other = __shfl_xor_sync(FULL_WARP, greatest, 1);
        greatest = other > greatest ? other : greatest;
        other = __shfl_xor_sync(FULL_WARP, greatest, 2);
        greatest = other > greatest ? other : greatest;
        const float fallen = expOf(maximum - greatest); // not a number where nothing was seen: without a branch
        const float decay = maximum == -INFINITY ? 1.0f : fallen;
        maximum = greatest;
        float w[4];
        UNROLL for (int i = 0; i < 4; i++) {
            const float weight = expOf(scores[i] - greatest);
            w[i] = scores[i] == -INFINITY ? 0.0f : weight;
        }
        *unit = 1;
        if constexpr (IS_QUANTISED<ELEMENT>) {
            total = fmaf(total, decay, w[0] + w[1] + (w[2] + w[3]));
            if constexpr (ELEMENT == KV_I4) {
                offset *= decay;
                UNROLL for (int i = 0; i < 4; i++) {
                    offset = fmaf(w[i], valueScales.minimum[i], offset);
                }
            }
            // Scales come into the weights relative to the greatest of the warp's tokens: halves have few exponents.
            float most = valueScales.scale[0];
            UNROLL for (int i = 1; i < 4; i++) {
                most = valueScales.scale[i] > most ? valueScales.scale[i] : most;
            }
            other = __shfl_xor_sync(FULL_WARP, most, 1);
            most = other > most ? other : most;
            other = __shfl_xor_sync(FULL_WARP, most, 2);
            most = other > most ? other : most;
            const float inverse = most > 0x1p-120f ? 1.0f / most : 0.0f;
            UNROLL for (int i = 0; i < 4; i++) {
                w[i] *= valueScales.scale[i] * inverse;
            }
            *unit = most * (ELEMENT == KV_F8 ? F8_PAIR_FACTOR : 1.0f);
        }
        weights[0] = pairOf<KIND>(w[0], w[1]);
        weights[1] = pairOf<KIND>(w[2], w[3]);
        if constexpr (!IS_QUANTISED<ELEMENT>) { // what the values are really multiplied by
            total = fmaf(total, decay, lowOf<KIND>(weights[0]) + highOf<KIND>(weights[0]) + (lowOf<KIND>(weights[1]) + highOf<KIND>(weights[1])));
        }
        decays[0] = __shfl_sync(FULL_WARP, decay, lane % 4 * 8);
        decays[1] = __shfl_sync(FULL_WARP, decay, lane % 4 * 8 + 4);
    }

    __device__ __forceinline__ unsigned valuePair(int c, int first, int n) const {
        if constexpr (ELEMENT == KV_I4) {
            return nibbleAt(values[0][first], values[0][first + 1], n, 4 * c);
        } else {
            return pairAt<ELEMENT>(values[c][first], values[c][first + 1], n);
        }
    }

    __device__ __forceinline__ void addValues(const unsigned* weights, const float* decays, float unit) {
        UNROLL for (int c = 0; c < OUT_CHUNKS; c++) {
            UNROLL for (int j = 0; j < 4; j++) {
                const unsigned a[4] = {valuePair(c, 0, 2 * j), valuePair(c, 0, 2 * j + 1), valuePair(c, 2, 2 * j), valuePair(c, 2, 2 * j + 1)};
                float* const sums = out[c][j];
                if constexpr (IS_QUANTISED<ELEMENT>) {
                    float fresh[4] = {0, 0, 0, 0};
                    multiplyHalves<KIND>(fresh, a, weights[0], weights[1]);
                    UNROLL for (int i = 0; i < 4; i++) {
                        sums[i] = fmaf(fresh[i], unit, sums[i] * decays[i % 2]);
                    }
                } else {
                    UNROLL for (int i = 0; i < 4; i++) {
                        sums[i] *= decays[i % 2];
                    }
                    multiplyHalves<KIND>(sums, a, weights[0], weights[1]);
                }
            }
        }
    }

    /** All tiles of the range. */
    __device__ __forceinline__ void attend() {
        UNROLL for (int c = 0; c < OUT_CHUNKS; c++) {
            UNROLL for (int j = 0; j < 4; j++) {
                UNROLL for (int i = 0; i < 4; i++) {
                    out[c][j][i] = 0;
                }
            }
        }
        const int first = from / PLAN_TILE;
        const int end = (to + PLAN_TILE - 1) / PLAN_TILE;
        loadBlocks(first);
        loadKeys(first);
        loadValues(first);
        loadBlocks(first + 1);
        for (int tile = first; tile < end; tile++) {
            float* const scores = buffer + (tile & 1) * WARPS * GROUP_MAX * SCORE_STRIDE;
            writeScores(scores);
            loadKeys(tile + 1); // beyond the last: none are seen
            __syncthreads();
            float four[4];
            readScores(scores, tile, four);
            unsigned weights[2];
            float decays[2];
            float unit;
            weigh(four, weights, decays, &unit);
            addValues(weights, decays, unit);
            loadValues(tile + 1);
            loadBlocks(tile + 2);
        }
        __syncthreads();
    }

    /** The dimension of number n of a warp's `out`, or -1. */
    __device__ __forceinline__ int dimensionOf(int dimsPart, int n) const {
        if constexpr (ELEMENT == KV_I4) {
            const int half = shape.headDim / 2;
            const int byte = dimsPart * 64 + n % 64;
            return byte < half ? byte + n / 64 * half : -1;
        } else {
            const int dim = dimsPart * OUT_CHUNKS * 64 + n;
            return dim < shape.headDim ? dim : -1;
        }
    }

    /**
     * The warps' softmaxes become one, in the buffer: number n of head h at sums[(dimsPart * GROUP_MAX + h) * OUT_CHUNKS * 64 + n].
     * heads: [GROUP_MAX] maxima, then totals, in shared memory; perWarp: room for 3 * 4 * GROUP_MAX
     */
    __device__ __forceinline__ void mergeWarps(float* heads, float* perWarp) {
        const int head = lane / 4;
        total += __shfl_xor_sync(FULL_WARP, total, 1);
        total += __shfl_xor_sync(FULL_WARP, total, 2);
        offset += __shfl_xor_sync(FULL_WARP, offset, 1);
        offset += __shfl_xor_sync(FULL_WARP, offset, 2);
        if (warp < 4 && lane % 4 == 0) {
            perWarp[warp * GROUP_MAX + head] = maximum;
            perWarp[(4 + warp) * GROUP_MAX + head] = total;
            perWarp[(8 + warp) * GROUP_MAX + head] = offset;
        }
        __syncthreads();
        UNROLL for (int h = 0; h < 2; h++) {
            const int mine = lane % 4 * 2 + h;
            float greatest = perWarp[mine];
            for (int w = 1; w < 4; w++) {
                greatest = perWarp[w * GROUP_MAX + mine] > greatest ? perWarp[w * GROUP_MAX + mine] : greatest;
            }
            const float own = perWarp[warp % 4 * GROUP_MAX + mine];
            const float factor = own == -INFINITY ? 0.0f : expOf(own - greatest);
            if (mine < group) {
                float* const sums = buffer + (warp * GROUP_MAX + mine) * OUT_CHUNKS * 64;
                const float shift = ELEMENT == KV_I4 ? perWarp[(8 + warp % 4) * GROUP_MAX + mine] : 0.0f;
                UNROLL for (int c = 0; c < OUT_CHUNKS; c++) {
                    float4* const eight = reinterpret_cast<float4*>(sums + c * 64 + lane / 4 * 8);
                    const float(*const o)[4] = out[c];
                    eight[0] = {(o[0][h] + shift) * factor, (o[0][2 + h] + shift) * factor, (o[1][h] + shift) * factor, (o[1][2 + h] + shift) * factor};
                    eight[1] = {(o[2][h] + shift) * factor, (o[2][2 + h] + shift) * factor, (o[3][h] + shift) * factor, (o[3][2 + h] + shift) * factor};
                }
            }
            if (warp == 0 && lane < 4) {
                float sum = 0;
                for (int w = 0; w < 4; w++) {
                    const float at = perWarp[w * GROUP_MAX + mine];
                    sum = fmaf(perWarp[(4 + w) * GROUP_MAX + mine], at == -INFINITY ? 0.0f : expOf(at - greatest), sum);
                }
                heads[mine] = greatest;
                heads[GROUP_MAX + mine] = sum;
            }
        }
        __syncthreads();
    }

    /** Number n of a head, after mergeWarps. */
    __device__ __forceinline__ float sumAt(int dimsPart, int head, int n) const {
        float sum = 0;
        UNROLL for (int w = 0; w < 4; w++) {
            sum += buffer[((dimsPart * 4 + w) * GROUP_MAX + head) * OUT_CHUNKS * 64 + n];
        }
        return sum;
    }
};

} // namespace spillway
