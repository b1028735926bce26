// What the choice of tokens is made of: the parameters of a row, an order of floats, weights, sums as the sampler takes them, the
// generator. A vocabulary is cut into blocks of 256 tokens, the sampler's unit of summation.
#pragma once
#include "device.cuh"

#define NO_TOKEN (-1)
#define VOCABULARY_BLOCK 256
/** Blocks of the largest vocabulary: 262144 tokens. */
#define VOCABULARY_BLOCKS_MAX 1024
/** Bins of a first cut by mass: 32 to each power of e. */
#define MASS_BINS 1024
#define ORDER_INFINITE 0xFF800000u
#define ORDER_FORBIDDEN 0x007FFFFFu
#define ORDER_NAN 0xFFFFFFFFu

namespace spillway {

typedef unsigned long long wide;

/** How a row's token is chosen, and what goes on from it. Written by the host; position, historyTokens and isActive move on here. */
struct SampleRow {
    long long seed;
    long long position;   // of the output, from 0
    float temperature;    // 0: the likeliest
    float topP;
    float minP;
    float typicalP;
    float presence;
    float frequency;
    float repetition;
    int windowTokens;     // of the repetition penalty; 0: all
    int topK;             // 0: all
    int topLogprobs;      // -1: no log probabilities
    int slot;             // of the history; -1: none
    int mask;             // row of masks; -1: none
    int biasFrom;
    int biasCount;
    int scratch;          // row of scratch memory; -1: none
    int isActive;         // 0: the row only fills a bucket
    int historyTokens;    // tokens of prompt and output that the slot knows
    int inputRow;         // of the next step; -1: none
};

/** Orders floats as unsigned numbers: -0 counts as 0, NaN is above all. */
__device__ __forceinline__ unsigned orderOf(float x) {
    const unsigned bits = __float_as_uint(x == 0 ? 0.0f : x);
    return x != x ? ORDER_NAN : bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ __forceinline__ float floatOf(unsigned order) {
    return __uint_as_float(order & 0x80000000u ? order & 0x7FFFFFFFu : ~order);
}

/** Whether a row whose largest number has this order has a token to choose. */
__device__ __forceinline__ bool isChoosable(unsigned largest) {
    return largest > ORDER_FORBIDDEN && largest < ORDER_INFINITE;
}

/** Larger order first, then the lower token. */
__device__ __forceinline__ bool isBetter(unsigned order, int token, unsigned thanOrder, int thanToken) {
    return order > thanOrder || (order == thanOrder && token < thanToken);
}

__device__ __forceinline__ bool isPenalised(const SampleRow& row) {
    return row.slot >= 0 && (row.repetition != 1.0f || row.presence != 0.0f || row.frequency != 0.0f);
}

/** Whether logits are changed before a token is chosen: then they are in scratch memory. */
__device__ __forceinline__ bool isAdjusted(const SampleRow& row) {
    return row.mask >= 0 || row.biasCount > 0 || isPenalised(row);
}

__device__ __forceinline__ bool isGreedy(const SampleRow& row) {
    return row.temperature == 0.0f;
}

__device__ __forceinline__ bool isTopK(const SampleRow& row, int vocabulary) {
    return row.topK > 0 && row.topK < vocabulary;
}

/** Whether the cut by mass runs over the whole vocabulary, so that many blocks of threads can fill its bins. */
__device__ __forceinline__ bool usesBins(const SampleRow& row, int vocabulary) {
    return !isGreedy(row) && !isTopK(row, vocabulary) && row.typicalP >= 1.0f && row.topP < 1.0f;
}

/** Whether nothing is cut but by min-p, so that many blocks of threads can sum the weights. */
__device__ __forceinline__ bool usesSums(const SampleRow& row, int vocabulary) {
    return !isGreedy(row) && !isTopK(row, vocabulary) && row.typicalP >= 1.0f && row.topP >= 1.0f;
}

/** The largest over the threads of a block of whole warps, for every thread. room: [32], free afterwards */
__device__ __forceinline__ unsigned blockLargest(unsigned x, unsigned* room) {
    for (int lanes = 16; lanes > 0; lanes /= 2) {
        const unsigned other = __shfl_xor_sync(FULL_WARP, x, lanes);
        x = x > other ? x : other;
    }
    if (threadIdx.x % 32 == 0) {
        room[threadIdx.x / 32] = x;
    }
    __syncthreads();
    for (unsigned w = 0; w < blockDim.x / 32; w++) {
        x = x > room[w] ? x : room[w];
    }
    __syncthreads();
    return x;
}

/** The largest order of a row's blocks. */
__device__ __forceinline__ unsigned largestOf(const unsigned* maxima, int blocks, unsigned* room) {
    unsigned largest = 0;
    for (int b = static_cast<int>(threadIdx.x); b < blocks; b += static_cast<int>(blockDim.x)) {
        largest = maxima[b] > largest ? maxima[b] : largest;
    }
    return blockLargest(largest, room);
}

/** The first 64 of 128 bits of Philox4x32-10, key = seed, counter = position. */
__device__ __forceinline__ wide randomBits(wide seed, wide position) {
    unsigned c0 = static_cast<unsigned>(position);
    unsigned c1 = static_cast<unsigned>(position >> 32);
    unsigned c2 = 0;
    unsigned c3 = 0;
    unsigned k0 = static_cast<unsigned>(seed);
    unsigned k1 = static_cast<unsigned>(seed >> 32);
    for (int round = 0; round < 10; round++) {
        const unsigned high0 = __umulhi(0xD2511F53u, c0);
        const unsigned low0 = 0xD2511F53u * c0;
        const unsigned high1 = __umulhi(0xCD9E8D57u, c2);
        const unsigned low1 = 0xCD9E8D57u * c2;
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return static_cast<wide>(c1) << 32 | c0;
}

/** The sampler's e^x for x <= 0: (e^(x/1024))^1024. */
__device__ __forceinline__ double weightOf(double x) {
    const double y = (x > -64.0 ? x : -64.0) * 0x1p-10;
    double p = fma(y, 1.0 / 5040, 1.0 / 720);
    p = fma(y, p, 1.0 / 120);
    p = fma(y, p, 1.0 / 24);
    p = fma(y, p, 1.0 / 6);
    p = fma(y, p, 0.5);
    p = fma(y, p, 1.0);
    p = fma(y, p, 1.0);
    UNROLL
    for (int i = 0; i < 10; i++) {
        p = p * p;
    }
    return p - 2e-28 > 0.0 ? p - 2e-28 : 0.0;
}

/** Numbers from 0 on, ordered as whole numbers. */
__device__ __forceinline__ wide keyOf(double x) {
    wide bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/** A weight as a whole number of 2^-43: sums of them are exact in any order. */
__device__ __forceinline__ wide massOf(double weight) {
    return keyOf(weight + 512.0) - 0x4080000000000000ull;
}

__device__ __forceinline__ int massBin(double scaledLevel) {
    return scaledLevel * 32 < MASS_BINS - 1 ? static_cast<int>(scaledLevel * 32) : MASS_BINS - 1;
}

/**
 * The sampler's sum of a block of numbers: eight sums of every eighth, numbers beyond the last whole eight to the first of them, added
 * pairwise. Eight neighbouring threads take a block, of a warp that is there as a whole; all eight get the sum.
 * count: at most 256, 0 for no block; value(i): the i-th number
 */
template <class Value> __device__ __forceinline__ double sumOfBlock(int count, Value value) {
    const int lane = static_cast<int>(threadIdx.x) % 8;
    const int whole = count / 8 * 8;
    double sum = 0;
    for (int i = lane; i < whole; i += 8) {
        sum += value(i);
    }
    if (lane == 0) {
        for (int i = whole; i < count; i++) {
            sum += value(i);
        }
    }
    sum += __shfl_xor_sync(FULL_WARP, sum, 4);
    sum += __shfl_xor_sync(FULL_WARP, sum, 2);
    sum += __shfl_xor_sync(FULL_WARP, sum, 1);
    return sum;
}

} // namespace spillway
