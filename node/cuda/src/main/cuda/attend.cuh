// Attention of single rows (decode) over the paged f16 cache: every row and key-value head is cut into splits of a fixed number of
// positions, which begin at multiples of it, and the splits are merged in their order. So a row's result depends on its own
// sequence alone, not on the batch. Sums run in another order than the specification's: tolerance, not bits.
#pragma once
#include "device.cuh"

#define SPLIT_TOKENS 256
#define ATTEND_THREADS 128
#define GROUP_MAX 8
#define HEAD_DIM_MAX 256

namespace spillway {

/** Where the keys or values of a head stand, block by block. */
struct HeadBlocks {
    const unsigned char* slab;
    const int* table; // of the sequence
    long long blockBytes;
    long long headOffset;
    int blockTokens; // a power of two: 2^blockBits
    int blockBits;

    __device__ __forceinline__ const half_bits* block(int position) const {
        return reinterpret_cast<const half_bits*>(slab + table[position >> blockBits] * blockBytes + headOffset);
    }

    __device__ __forceinline__ int token(int position) const {
        return position & (blockTokens - 1);
    }
};

/** Two neighbouring tokens, of which the first is even, by every query of the group: [group] pairs of scores. */
__device__ __forceinline__ void scorePair(const HeadBlocks& keys, int position, const float* query, int group, int headDim, float2* scores) {
    UNROLL for (int g = 0; g < GROUP_MAX; g++) {
        scores[g] = {0, 0};
    }
    const half_bits* const first = keys.block(position) + keys.token(position);
    for (int d = 0; d < headDim; d++) {
        const unsigned pair = *reinterpret_cast<const unsigned*>(first + static_cast<size_t>(d) * keys.blockTokens);
        const float a = lowHalf(pair);
        const float b = highHalf(pair);
        UNROLL for (int g = 0; g < GROUP_MAX; g++) {
            if (g < group) {
                const float q = query[g * headDim + d];
                scores[g].x = fmaf(q, a, scores[g].x);
                scores[g].y = fmaf(q, b, scores[g].y);
            }
        }
    }
}

/** One token, where pairs cannot be read. */
__device__ __forceinline__ float scoreOne(const HeadBlocks& keys, int position, const float* query, int headDim) {
    const half_bits* const first = keys.block(position) + keys.token(position);
    float score = 0;
    for (int d = 0; d < headDim; d++) {
        score = fmaf(query[d], halfToFloat(first[static_cast<size_t>(d) * keys.blockTokens]), score);
    }
    return score;
}

} // namespace spillway

/**
 * Partial results of one split for a packed group of query heads. Grid: x splits of the longest row, y kvHeads * groups, z rows;
 * block: ATTEND_THREADS. A group of more than GROUP_MAX heads is cut into parts: groupParts per kv head.
 *
 * queries: [rows][heads * headDim]; parts: [rows][heads][splitsMax][headDim + 2]: sums, then maximum, total
 * windowTokens, softcap: 0 = none. Splits that a row does not see are not written.
 */
extern "C" __global__ void __launch_bounds__(ATTEND_THREADS) attend_split(const float* queries, const unsigned char* slab, const int* positions,
    const int* sequences, const int* tables, float* parts, long long blockBytes, long long layerOffset, int heads, int kvHeads,
    int headDim, int blockTokens, int tableStride, int splitsMax, int windowTokens, float scale, float softcap) {
    SHARED(float, query, GROUP_MAX * HEAD_DIM_MAX);
    SHARED(float, weights, GROUP_MAX * SPLIT_TOKENS);
    SHARED(float, partial, 32);
    SHARED(float, halves, ATTEND_THREADS * 2);
    const int row = static_cast<int>(blockIdx.z);
    const int perHead = heads / kvHeads;
    const int groupParts = (perHead + GROUP_MAX - 1) / GROUP_MAX;
    const int kvHead = static_cast<int>(blockIdx.y) / groupParts;
    const int firstHead = kvHead * perHead + static_cast<int>(blockIdx.y) % groupParts * GROUP_MAX;
    const int left = (kvHead + 1) * perHead - firstHead;
    const int group = left < GROUP_MAX ? left : GROUP_MAX;
    const int position = positions[row];
    const int firstVisible = windowTokens > 0 && position + 1 > windowTokens ? position + 1 - windowTokens : 0;
    const int split = firstVisible / SPLIT_TOKENS + static_cast<int>(blockIdx.x);
    if (split * SPLIT_TOKENS > position) {
        return; // the whole block
    }
    const int thread = static_cast<int>(threadIdx.x);
    const long long headBytes = static_cast<long long>(headDim) * blockTokens * 2;
    const int blockBits = __ffs(blockTokens) - 1;
    const int* const table = tables + static_cast<size_t>(sequences[row]) * tableStride;
    const spillway::HeadBlocks keys = {slab, table, blockBytes, layerOffset + kvHead * headBytes, blockTokens, blockBits};
    const spillway::HeadBlocks values = {slab, table, blockBytes, layerOffset + (kvHeads + kvHead) * headBytes, blockTokens, blockBits};
    for (int i = thread; i < group * headDim; i += ATTEND_THREADS) {
        query[i] = queries[(static_cast<size_t>(row) * heads + firstHead) * headDim + i] * scale;
    }
    __syncthreads();

    const int from = split * SPLIT_TOKENS > firstVisible ? split * SPLIT_TOKENS : firstVisible;
    const int splitEnd = (split + 1) * SPLIT_TOKENS;
    const int to = splitEnd < position + 1 ? splitEnd : position + 1;
    const int mine = split * SPLIT_TOKENS + 2 * thread; // this thread's two tokens
    const bool sees = mine < to && mine + 1 >= from;
    float2 scores[GROUP_MAX];
    if (sees && blockTokens > 1) {
        spillway::scorePair(keys, mine, query, group, headDim, scores); // both lie in one block, which holds numbers at any fill
    } else if (sees) {
        UNROLL for (int g = 0; g < GROUP_MAX; g++) {
            if (g < group) {
                scores[g].x = mine >= from ? spillway::scoreOne(keys, mine, query + g * headDim, headDim) : 0;
                scores[g].y = mine + 1 < to ? spillway::scoreOne(keys, mine + 1, query + g * headDim, headDim) : 0;
            }
        }
    }
    float* const out = parts + (static_cast<size_t>(row) * heads + firstHead) * splitsMax * (headDim + 2)
        + static_cast<size_t>(blockIdx.x) * (headDim + 2);
    const size_t headStride = static_cast<size_t>(splitsMax) * (headDim + 2);
    UNROLL for (int g = 0; g < GROUP_MAX; g++) {
        if (g < group) { // the same for every thread
            const bool first = sees && mine >= from;
            const bool second = sees && mine + 1 < to;
            float a = first ? scores[g].x : -INFINITY;
            float b = second ? scores[g].y : -INFINITY;
            if (softcap != 0) {
                a = first ? softcap * spillway::tanhOf(a / softcap) : a;
                b = second ? softcap * spillway::tanhOf(b / softcap) : b;
            }
            const float greatest = spillway::blockMaximum(a > b ? a : b, partial);
            const float wa = first ? spillway::expOf(a - greatest) : 0;
            const float wb = second ? spillway::expOf(b - greatest) : 0;
            weights[g * SPLIT_TOKENS + 2 * thread] = wa;
            weights[g * SPLIT_TOKENS + 2 * thread + 1] = wb;
            const float total = spillway::blockSum(wa + wb, partial);
            if (thread == 0) {
                out[g * headStride + headDim] = greatest;
                out[g * headStride + headDim + 1] = total;
            }
        }
    }
    __syncthreads();

    // Two dimensions a thread where a row of values can be read by pairs; threads that are left over take other tokens.
    const int step = headDim % 2 == 0 ? 2 : 1;
    const int units = headDim / step;
    const int lanes = units < ATTEND_THREADS ? ATTEND_THREADS / units : 1; // tokens at a time
    const int lane = thread / units;
    for (int firstUnit = 0; firstUnit < units; firstUnit += ATTEND_THREADS) {
        const int unit = firstUnit + thread % units;
        const bool works = lanes > 1 ? lane < lanes : firstUnit + thread < units;
        const int d = (lanes > 1 ? unit : firstUnit + thread) * step;
        float2 sums[GROUP_MAX];
        UNROLL for (int g = 0; g < GROUP_MAX; g++) {
            sums[g] = {0, 0};
        }
        for (int t = from + (lanes > 1 ? lane : 0); works && t < to; t += lanes) {
            const spillway::half_bits* const value = values.block(t) + static_cast<size_t>(values.token(t)) * headDim + d;
            const unsigned pair = step == 2 ? *reinterpret_cast<const unsigned*>(value) : *value;
            const float a = spillway::lowHalf(pair);
            const float b = spillway::highHalf(pair);
            UNROLL for (int g = 0; g < GROUP_MAX; g++) {
                if (g < group) {
                    const float w = weights[g * SPLIT_TOKENS + t - split * SPLIT_TOKENS];
                    sums[g].x = fmaf(w, a, sums[g].x);
                    sums[g].y = fmaf(w, b, sums[g].y);
                }
            }
        }
        UNROLL for (int g = 0; g < GROUP_MAX; g++) {
            float2 sum = sums[g];
            if (lanes > 1 && g < group) { // the same for every thread
                halves[2 * thread] = sum.x;
                halves[2 * thread + 1] = sum.y;
                __syncthreads();
                for (int l = 1; lane == 0 && l < lanes; l++) {
                    sum.x += halves[2 * (thread + l * units)];
                    sum.y += halves[2 * (thread + l * units) + 1];
                }
                __syncthreads();
            }
            if (g < group && works && (lanes == 1 || lane == 0)) {
                out[g * headStride + d] = sum.x;
                if (step == 2) {
                    out[g * headStride + d + 1] = sum.y;
                }
            }
        }
    }
}
KERNEL(attend_split)

/** Merges the splits of a row's head in their order. Grid: x heads, y rows. sinks: [heads] or null; out: [rows][heads * headDim] */
extern "C" __global__ void attend_merge(const float* parts, const int* positions, const float* sinks, float* out, int heads, int headDim,
    int splitsMax, int windowTokens) {
    const int head = static_cast<int>(blockIdx.x);
    const int row = static_cast<int>(blockIdx.y);
    const int position = positions[row];
    const int firstVisible = windowTokens > 0 && position + 1 > windowTokens ? position + 1 - windowTokens : 0;
    const int splits = position / SPLIT_TOKENS - firstVisible / SPLIT_TOKENS + 1;
    const float* const mine = parts + (static_cast<size_t>(row) * heads + head) * splitsMax * (headDim + 2);
    float greatest = sinks ? sinks[head] : -INFINITY;
    for (int s = 0; s < splits; s++) {
        const float maximum = mine[static_cast<size_t>(s) * (headDim + 2) + headDim];
        greatest = maximum > greatest ? maximum : greatest;
    }
    float total = sinks ? spillway::expOf(sinks[head] - greatest) : 0;
    for (int s = 0; s < splits; s++) {
        const float* const part = mine + static_cast<size_t>(s) * (headDim + 2);
        total = fmaf(part[headDim + 1], spillway::expOf(part[headDim] - greatest), total);
    }
    const float inverse = 1.0f / total;
    for (int d = static_cast<int>(threadIdx.x); d < headDim; d += static_cast<int>(blockDim.x)) {
        float sum = 0;
        for (int s = 0; s < splits; s++) {
            const float* const part = mine + static_cast<size_t>(s) * (headDim + 2);
            sum = fmaf(part[d], spillway::expOf(part[headDim] - greatest), sum);
        }
        out[(static_cast<size_t>(row) * heads + head) * headDim + d] = sum * inverse;
    }
}
KERNEL(attend_merge)
