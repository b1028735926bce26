// Attention of many rows of a sequence (prefill, in chunks) over the paged cache, for tensor cores: a block takes a tile of queries, keeps
// it in shared memory, and goes through the keys and values 64 tokens at a time with an online softmax. All query heads that share a kv
// head lie side by side in a tile: row m is query head m % group of the tile's row m / group, so that few rows fill it too.
//
// Keys lie [dimension][token] and values [token][dimension], as in the cache: both are right operands as they are, read by transposing
// matrix loads. 16-byte pieces of a line are swapped by the line's number, so that eight lines below each other are in different banks.
// Halves are copied asynchronously, the next tile while this one is computed; quantised numbers are expanded to halves on their way.
#pragma once
#include "decode.cuh"

#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(type, name) \
    extern __shared__ __align__(1024) unsigned char spillwayDynamicShared[]; \
    type* const name = reinterpret_cast<type*>(spillwayDynamicShared)
#endif
#define PREFILL_THREADS 128
#define LOG2_E 1.44269504f

namespace spillway {

struct PrefillShape {
    long long blockBytes;
    int heads, kvHeads, headDim, blockTokens, tableStride;
    bool isBf16; // of queries and out
    int windowTokens;
    float scale, softcap;
};

/** 2^x to about two units in the last place; -infinity gives 0. */
__device__ __forceinline__ float exp2Of(float x) {
#ifdef SPILLWAY_SHIM
    return exp2f(x);
#else
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
#endif
}

/** One block's work: `rows` query rows from firstRow on, at `position` and behind, all of one sequence, and the tokens from..to. */
struct PrefillTile {
    const unsigned char* layer; // the slab, moved to the layer
    const int* table;
    int kvHead, firstHead, group;
    int rows, position;
    int from, to; // from is a multiple of 64
};

/** DIMS: the head's, or the next of 64, 128 and 256. */
template <int ELEMENT, int DIMS> struct Prefill {
    static constexpr int KIND = ELEMENT == KV_BF16 ? KIND_BF16 : KIND_F16;
    static constexpr int M = DIMS > 128 ? 1 : 2;        // times 16 rows of a warp
    static constexpr int TILE = 64 * M;                 // rows of a block
    static constexpr int STAGES = DIMS > 128 || IS_QUANTISED<ELEMENT> ? 1 : 2;
    static constexpr int LINE = DIMS * 2;               // bytes of a row of queries or values
    static constexpr int QUERY_BYTES = TILE * LINE;
    static constexpr int KEY_BYTES = DIMS * 128;        // of 64 tokens, as the values
    static constexpr int STAGE_BYTES = 2 * KEY_BYTES;
    static constexpr int SCALE_BYTES = IS_QUANTISED<ELEMENT> ? 2 * 64 * 4 : 0;
    static constexpr int SHARED_BYTES = QUERY_BYTES + STAGES * STAGE_BYTES + SCALE_BYTES;
    static constexpr int PIECES = DIMS / 8;             // of 16 bytes in such a row
    static constexpr int PASSES = 64 * PIECES / PREFILL_THREADS;
    typedef Packed<ELEMENT> Numbers;

    const PrefillShape& shape;
    const PrefillTile& tile;
    unsigned char* const shared;
    const long long headSize;
    const int blockBits, thread, warp, lane;
    int* const entries; // shared, [2][4]: blocks of the 16 tokens each of two steps, by turns

    float out[M][DIMS / 8][4];
    float maximum[M][2]; // of rows g and g + 8, times `unit`
    float total[M][2];
    float querySum[M][2];

    __device__ __forceinline__ Prefill(const PrefillShape& of, const PrefillTile& work, unsigned char* memory, int* eight)
        : shape(of), tile(work), shared(memory), headSize(headBytes<ELEMENT>(of.headDim, of.blockTokens)), blockBits(__ffs(of.blockTokens) - 1),
          thread(static_cast<int>(threadIdx.x)), warp(static_cast<int>(threadIdx.x) / 32), lane(static_cast<int>(threadIdx.x) % 32), entries(eight) {}

    /** Where a piece of a line lies. linePieces: 8 for keys, PIECES for the others */
    static __device__ __forceinline__ int placeOf(int line, int piece, int linePieces) {
        return (line * linePieces + (piece ^ (line & 7))) * 16;
    }

    __device__ __forceinline__ unsigned char* keysAt(int stage) const {
        return shared + QUERY_BYTES + stage * STAGE_BYTES;
    }

    __device__ __forceinline__ unsigned char* valuesAt(int stage) const {
        return keysAt(stage) + KEY_BYTES;
    }

    __device__ __forceinline__ float* scales() const {
        return reinterpret_cast<float*>(shared + QUERY_BYTES + STAGES * STAGE_BYTES);
    }

    __device__ __forceinline__ const unsigned char* keysOf(int block) const {
        return tile.layer + block * shape.blockBytes + tile.kvHead * headSize;
    }

    __device__ __forceinline__ const unsigned char* valuesOf(int block) const {
        return tile.layer + block * shape.blockBytes + (shape.kvHeads + tile.kvHead) * headSize;
    }

    /** The entries of the step that begins at `first`: others see them behind a barrier. */
    __device__ __forceinline__ void loadEntries(int first) const {
        if (thread < 4 && first + 16 * thread < tile.to) {
            entries[first / 64 % 2 * 4 + thread] = __ldcg(tile.table + ((first + 16 * thread) >> blockBits));
        }
    }

    /** The block of token t, which is there, of that step. */
    __device__ __forceinline__ int entryOf(int first, int t) const {
        return entries[first / 64 % 2 * 4 + t / 16];
    }

    __device__ __forceinline__ unsigned convert(unsigned pair) const {
        if (shape.isBf16 == (KIND == KIND_BF16)) {
            return pair;
        }
        return shape.isBf16 ? pairOf<KIND>(lowOf<KIND_BF16>(pair), highOf<KIND_BF16>(pair))
            : pairOf<KIND>(lowOf<KIND_F16>(pair), highOf<KIND_F16>(pair));
    }

    /** Rows that are not there are 0. queries: of the tile's first row and head */
    __device__ __forceinline__ void loadQueries(const half_bits* queries) const {
        const int piece = thread % PIECES;
        for (int m = thread / PIECES; m < TILE; m += PREFILL_THREADS / PIECES) {
            const int row = m / tile.group;
            uint4 eight = {0, 0, 0, 0};
            if (row < tile.rows && piece * 8 < shape.headDim) {
                eight = __ldcg(reinterpret_cast<const uint4*>(
                    queries + (static_cast<size_t>(row) * shape.heads + m % tile.group) * shape.headDim + piece * 8));
            }
            *reinterpret_cast<uint4*>(shared + placeOf(m, piece, PIECES)) = {convert(eight.x), convert(eight.y), convert(eight.z), convert(eight.w)};
        }
    }

    /** Begins to copy the 64 tokens from `first` on. Values of tokens that are not there are 0: their weight 0 would not help. */
    __device__ __forceinline__ void copyTokens(int first, int stage) const {
        const int keyPiece = thread % 8;
        const bool isThere = first + keyPiece * 8 < tile.to;
        const unsigned char* from = tile.layer;
        if (isThere) {
            from = keysOf(entryOf(first, keyPiece * 8)) + ((first + keyPiece * 8) & (shape.blockTokens - 1)) * 2
                + static_cast<long long>(thread / 8) * shape.blockTokens * 2;
        }
        const long long step = isThere ? 16 * shape.blockTokens * 2 : 0;
        unsigned char* to = keysAt(stage) + placeOf(thread / 8, keyPiece, 8);
        for (int d = 0; d < shape.headDim; d += 16) { // 16 lines: the same bits are flipped
            copyLater(to, from, isThere);
            to += 16 * 128;
            from += step;
        }
        const int piece = thread % PIECES;
        for (int t = thread / PIECES; t < 64; t += PREFILL_THREADS / PIECES) {
            if (piece * 8 < shape.headDim) {
                const bool exists = first + t < tile.to;
                const unsigned char* at = tile.layer;
                if (exists) {
                    at = valuesOf(entryOf(first, t)) + (static_cast<long long>((first + t) & (shape.blockTokens - 1)) * shape.headDim + piece * 8) * 2;
                }
                copyLater(valuesAt(stage) + placeOf(t, piece, PIECES), at, exists);
            }
        }
    }

    /** The same of quantised numbers: keys without their scales, values with them. */
    __device__ __forceinline__ void expandTokens(int first) const {
        constexpr int BYTES = ELEMENT == KV_I4 ? 2 : 1;   // dimensions in a byte
        const long long numbers = numberBytes<ELEMENT>(shape.headDim, shape.blockTokens);
        if (thread < 64) {
            const int token = (first + thread) & (shape.blockTokens - 1);
            float scale = 0;
            float minimum = 0;
            if (first + thread < tile.to) {
                const unsigned char* const at = keysOf(entryOf(first, thread)) + numbers;
                scale = scaleOf<ELEMENT>(at, token) * (ELEMENT == KV_F8 ? F8_PAIR_FACTOR : 1.0f);
                minimum = minimumOf<ELEMENT>(at, shape.blockTokens, token);
            }
            scales()[thread] = scale;
            scales()[64 + thread] = minimum;
        }
        const int keyPiece = thread % 8;
        const bool isThere = first + keyPiece * 8 < tile.to;
        const unsigned char* const keys = isThere ? keysOf(entryOf(first, keyPiece * 8)) + ((first + keyPiece * 8) & (shape.blockTokens - 1)) : tile.layer;
        constexpr int LINES = DIMS / 16 / BYTES;          // a thread's; all loads before the first use
        Numbers lines[LINES];
        UNROLL for (int i = 0; i < LINES; i++) {
            const int line = thread / 8 + i * 16;
            lines[i].load(keys + line * shape.blockTokens, isThere && line * BYTES < shape.headDim);
        }
        UNROLL for (int i = 0; i < LINES; i++) {
            const int line = (thread / 8 + i * 16) * BYTES;
            storeEight(keysAt(0) + placeOf(line, keyPiece, 8), lines[i], 0);
            if constexpr (ELEMENT == KV_I4) {
                storeEight(keysAt(0) + placeOf(line + 1, keyPiece, 8), lines[i], 4);
            }
        }
        constexpr int UNITS = PIECES / BYTES;             // of 8 bytes in a token's values
        constexpr int STEP = PREFILL_THREADS / UNITS;
        constexpr int TOGETHER = 64 / STEP < 4 ? 64 / STEP : 4; // loads under way
        const int unit = thread % UNITS;
        const int rowBytes = shape.headDim / BYTES;
        for (int t = thread / UNITS; t < 64 && unit * 8 < rowBytes; t += TOGETHER * STEP) {
            Numbers eight[TOGETHER];
            float scale[TOGETHER];
            float minimum[TOGETHER];
            UNROLL for (int i = 0; i < TOGETHER; i++) {
                const int token = t + i * STEP;
                const int inBlock = (first + token) & (shape.blockTokens - 1);
                const bool exists = first + token < tile.to;
                const unsigned char* const values = exists ? valuesOf(entryOf(first, token)) : tile.layer;
                eight[i].load(values + static_cast<long long>(inBlock) * rowBytes + unit * 8, exists);
                scale[i] = exists ? scaleOf<ELEMENT>(values + numbers, inBlock) * (ELEMENT == KV_F8 ? F8_PAIR_FACTOR : 1.0f) : 0.0f;
                minimum[i] = exists ? minimumOf<ELEMENT>(values + numbers, shape.blockTokens, inBlock) : 0.0f;
            }
            UNROLL for (int i = 0; i < TOGETHER; i++) {
                storeScaled(valuesAt(0) + placeOf(t + i * STEP, unit, PIECES), eight[i], 0, scale[i], minimum[i]);
                if constexpr (ELEMENT == KV_I4) {
                    storeScaled(valuesAt(0) + placeOf(t + i * STEP, unit + rowBytes / 8, PIECES), eight[i], 4, scale[i], minimum[i]);
                }
            }
        }
    }

    /** Numbers n and n + 1 as a pair of halves; of I4 the low (shift 0) or high (4) nibbles. */
    static __device__ __forceinline__ unsigned twoOf(const Numbers& eight, int n, int shift) {
        const unsigned word = eight.words[n / 4];
        if constexpr (ELEMENT == KV_F8) {
            return f8Pair(__byte_perm(word, 0, n % 4 << 4 | (n % 4 + 1) << 12));
        } else if constexpr (ELEMENT == KV_I8) {
            return i8Pair(__byte_perm(word, 0, n % 4 | 4 << 4 | (n % 4 + 1) << 8 | 4 << 12));
        } else {
            return i4Pair(__byte_perm(word, 0, n % 4 | 4 << 4 | (n % 4 + 1) << 8 | 4 << 12) >> shift & 0x000F000Fu);
        }
    }

    static __device__ __forceinline__ void storeEight(unsigned char* to, const Numbers& eight, int shift) {
        *reinterpret_cast<uint4*>(to) = {twoOf(eight, 0, shift), twoOf(eight, 2, shift), twoOf(eight, 4, shift), twoOf(eight, 6, shift)};
    }

    static __device__ __forceinline__ void storeScaled(unsigned char* to, const Numbers& eight, int shift, float scale, float minimum) {
        unsigned pairs[4];
        UNROLL for (int i = 0; i < 4; i++) {
            const unsigned pair = twoOf(eight, 2 * i, shift);
            pairs[i] = pairOf<KIND>(fmaf(lowHalf(pair), scale, minimum), fmaf(highHalf(pair), scale, minimum));
        }
        *reinterpret_cast<uint4*>(to) = {pairs[0], pairs[1], pairs[2], pairs[3]};
    }

    /** Row g (h = 0) or g + 8 (h = 1) of the m-th sixteen of this warp. */
    __device__ __forceinline__ int rowOf(int m, int h) const {
        return (warp * M + m) * 16 + h * 8 + lane / 4;
    }

    /** Where this lane's line of a sixteen begins, and which piece; two pieces on are reached by flipping bits: 2n + i is 2n ^ i. */
    __device__ __forceinline__ int fragmentAt(int line, int bytes) const {
        return line * bytes + ((lane / 16) ^ (lane & 7)) * 16;
    }

    __device__ __forceinline__ void queryFragment(unsigned* a, int m, int chunk) const {
        loadMatrices(a, shared + (fragmentAt((warp * M + m) * 16 + lane % 16, LINE) ^ chunk * 32));
    }

    __device__ __forceinline__ void begin() {
        UNROLL for (int m = 0; m < M; m++) {
            UNROLL for (int n = 0; n < DIMS / 8; n++) {
                UNROLL for (int i = 0; i < 4; i++) {
                    out[m][n][i] = 0;
                }
            }
            UNROLL for (int h = 0; h < 2; h++) {
                maximum[m][h] = -INFINITY;
                total[m][h] = 0;
            }
            if constexpr (ELEMENT == KV_I4) { // sums of the queries: a product with ones
                float sums[4] = {0, 0, 0, 0};
                const unsigned ones = pairOf<KIND>(1.0f, 1.0f);
                for (int c = 0; c * 16 < shape.headDim; c++) {
                    unsigned a[4];
                    queryFragment(a, m, c);
                    multiplyHalves<KIND>(sums, a, ones, ones);
                }
                querySum[m][0] = sums[0];
                querySum[m][1] = sums[2];
            }
        }
    }

    /** scores[m][n]: rows g and g + 8 by tokens 8n + 2t and 8n + 2t + 1 */
    __device__ __forceinline__ void multiplyKeys(float (*scores)[8][4], int stage) const {
        UNROLL for (int m = 0; m < M; m++) {
            UNROLL for (int n = 0; n < 8; n++) {
                UNROLL for (int i = 0; i < 4; i++) {
                    scores[m][n][i] = 0;
                }
            }
        }
        UNROLL for (int c = 0; c < DIMS / 16; c++) {
            if (c * 16 < shape.headDim) { // the same for every thread
                unsigned a[M][4];
                UNROLL for (int m = 0; m < M; m++) {
                    queryFragment(a[m], m, c);
                }
                UNROLL for (int n = 0; n < 4; n++) {
                    unsigned b[4];
                    loadTransposed(b, keysAt(stage) + c * 16 * 128 + (fragmentAt(lane % 16, 128) ^ n * 32));
                    UNROLL for (int m = 0; m < M; m++) {
                        multiplyHalves<KIND>(scores[m][2 * n], a[m], b[0], b[1]);
                        multiplyHalves<KIND>(scores[m][2 * n + 1], a[m], b[2], b[3]);
                    }
                }
            }
        }
    }

    /** Scales of quantised keys and the softcap. Returns what scores are still to be multiplied by, in powers of two. */
    __device__ __forceinline__ float finishScores(float (*scores)[8][4]) const {
        UNROLL for (int m = 0; m < M; m++) {
            UNROLL for (int n = 0; n < 8; n++) {
                UNROLL for (int i = 0; i < 4; i++) {
                    if constexpr (IS_QUANTISED<ELEMENT>) {
                        const int token = 8 * n + lane % 4 * 2 + i % 2;
                        scores[m][n][i] *= scales()[token];
                        if constexpr (ELEMENT == KV_I4) {
                            scores[m][n][i] = fmaf(scales()[64 + token], querySum[m][i / 2], scores[m][n][i]);
                        }
                    }
                    if (shape.softcap != 0) {
                        scores[m][n][i] = shape.softcap * tanhOf(scores[m][n][i] * shape.scale / shape.softcap);
                    }
                }
            }
        }
        return shape.softcap != 0 ? LOG2_E : shape.scale * LOG2_E;
    }

    __device__ __forceinline__ void maskScores(float (*scores)[8][4], int first) const {
        UNROLL for (int m = 0; m < M; m++) {
            UNROLL for (int h = 0; h < 2; h++) {
                const int position = tile.position + rowOf(m, h) / tile.group;
                const int end = position + 1 < tile.to ? position + 1 : tile.to;
                const int begin = shape.windowTokens > 0 ? position + 1 - shape.windowTokens : 0;
                UNROLL for (int n = 0; n < 8; n++) {
                    UNROLL for (int i = 0; i < 2; i++) {
                        const int token = first + 8 * n + lane % 4 * 2 + i;
                        if (token >= end || token < begin) {
                            scores[m][n][2 * h + i] = -INFINITY;
                        }
                    }
                }
            }
        }
    }

    /** Scores become weights; what was summed before decays. unit: positive */
    __device__ __forceinline__ void weigh(float (*scores)[8][4], float unit) {
        UNROLL for (int m = 0; m < M; m++) {
            UNROLL for (int h = 0; h < 2; h++) {
                float greatest = scores[m][0][2 * h];
                UNROLL for (int n = 0; n < 8; n++) {
                    greatest = fmaxf(greatest, fmaxf(scores[m][n][2 * h], scores[m][n][2 * h + 1]));
                }
                greatest = fmaxf(greatest, __shfl_xor_sync(FULL_WARP, greatest, 1));
                greatest = fmaxf(greatest, __shfl_xor_sync(FULL_WARP, greatest, 2));
                greatest = fmaxf(maximum[m][h], greatest * unit);
                const float origin = greatest == -INFINITY ? 0.0f : greatest;
                const float decay = exp2Of(maximum[m][h] - origin);
                maximum[m][h] = greatest;
                float sum = 0;
                UNROLL for (int n = 0; n < 8; n++) {
                    UNROLL for (int i = 0; i < 2; i++) {
                        const float weight = exp2Of(fmaf(scores[m][n][2 * h + i], unit, -origin));
                        scores[m][n][2 * h + i] = weight;
                        sum += weight;
                    }
                }
                total[m][h] = fmaf(total[m][h], decay, sum);
                if (__any_sync(FULL_WARP, decay != 1.0f)) {
                    UNROLL for (int n = 0; n < DIMS / 8; n++) {
                        out[m][n][2 * h] *= decay;
                        out[m][n][2 * h + 1] *= decay;
                    }
                }
            }
        }
    }

    __device__ __forceinline__ void multiplyValues(const float (*weights)[8][4], int stage) {
        UNROLL for (int c = 0; c < 4; c++) { // of 16 tokens
            unsigned a[M][4];
            UNROLL for (int m = 0; m < M; m++) {
                UNROLL for (int i = 0; i < 4; i++) {
                    const float* const four = weights[m][2 * c + i / 2];
                    a[m][i] = pairOf<KIND>(four[i % 2 * 2], four[i % 2 * 2 + 1]);
                }
            }
            UNROLL for (int n = 0; n < DIMS / 16; n++) {
                if (n * 16 < shape.headDim) { // the same for every thread
                    unsigned b[4];
                    loadTransposed(b, valuesAt(stage) + c * 16 * LINE + (fragmentAt(lane % 16, LINE) ^ n * 32));
                    UNROLL for (int m = 0; m < M; m++) {
                        multiplyHalves<KIND>(out[m][2 * n], a[m], b[0], b[1]);
                        multiplyHalves<KIND>(out[m][2 * n + 1], a[m], b[2], b[3]);
                    }
                }
            }
        }
    }

    __device__ __forceinline__ void attendTokens(int first, int stage) {
        float scores[M][8][4];
        multiplyKeys(scores, stage);
        const float unit = finishScores(scores);
        const int last = tile.position + tile.rows - 1;
        if (first + 64 > tile.position + 1 || (shape.windowTokens > 0 && first <= last - shape.windowTokens)) {
            maskScores(scores, first);
        }
        weigh(scores, unit);
        multiplyValues(scores, stage);
    }

    /** All tokens of the tile. */
    __device__ __forceinline__ void attend() {
        loadEntries(tile.from);
        loadEntries(tile.from + 64);
        __syncthreads();
        if constexpr (STAGES == 2) {
            copyTokens(tile.from, 0);
            closeCopies();
        }
        begin();
        int stage = 0;
        for (int first = tile.from; first < tile.to; first += 64) {
            if constexpr (STAGES == 2) {
                if (first + 64 < tile.to) {
                    copyTokens(first + 64, stage ^ 1);
                }
                closeCopies();
                awaitCopies<1>();
            } else if constexpr (IS_QUANTISED<ELEMENT>) {
                expandTokens(first);
            } else {
                copyTokens(first, 0);
                closeCopies();
                awaitCopies<0>();
            }
            __syncthreads();
            loadEntries(first + 128); // nobody reads this step's any more
            attendTokens(first, stage);
            __syncthreads();
            stage ^= STAGES - 1;
        }
        UNROLL for (int m = 0; m < M; m++) {
            UNROLL for (int h = 0; h < 2; h++) {
                total[m][h] += __shfl_xor_sync(FULL_WARP, total[m][h], 1);
                total[m][h] += __shfl_xor_sync(FULL_WARP, total[m][h], 2);
            }
        }
    }
};

} // namespace spillway
