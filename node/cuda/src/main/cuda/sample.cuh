// Tokens from logits: the specification's choices, bit for bit. One block a row; a row whose logits hold a NaN, or whose largest is
// infinite, gets NO_TOKEN: the model's failure.
#pragma once
#include "device.cuh"

#define SAMPLE_THREADS 256
#define TOP_K_MAX 256
#define NO_TOKEN (-1)

namespace spillway {

/** Orders floats as unsigned numbers; -0 counts as 0. */
__device__ __forceinline__ unsigned orderOf(float x) {
    const unsigned bits = __float_as_uint(x == 0 ? 0.0f : x);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/** Larger order first, then the lower token. */
__device__ __forceinline__ bool isBetter(unsigned order, int token, unsigned thanOrder, int thanToken) {
    return order > thanOrder || (order == thanOrder && token < thanToken);
}

/** Index of the largest of a row for every thread, or NO_TOKEN. orders, tokens: room for 32 each. */
__device__ __forceinline__ int largestOf(const float* logits, int vocabulary, unsigned* orders, int* tokens) {
    unsigned best = 0;
    int token = 0x7FFFFFFF;
    bool hasNaN = false;
    for (int i = static_cast<int>(threadIdx.x); i < vocabulary; i += SAMPLE_THREADS) {
        const float x = logits[i];
        hasNaN = hasNaN || x != x;
        const unsigned order = orderOf(x);
        if (isBetter(order, i, best, token)) {
            best = order;
            token = i;
        }
    }
    for (int lanes = 16; lanes > 0; lanes /= 2) {
        const unsigned otherBest = __shfl_xor_sync(FULL_WARP, best, lanes);
        const int otherToken = __shfl_xor_sync(FULL_WARP, token, lanes);
        if (isBetter(otherBest, otherToken, best, token)) {
            best = otherBest;
            token = otherToken;
        }
    }
    const bool anyNaN = __any_sync(FULL_WARP, hasNaN);
    const int warp = static_cast<int>(threadIdx.x) / 32;
    if (threadIdx.x % 32 == 0) {
        orders[warp] = best;
        tokens[warp] = anyNaN ? NO_TOKEN : token;
    }
    __syncthreads();
    bool failed = false;
    best = 0;
    token = 0x7FFFFFFF;
    for (int w = 0; w < SAMPLE_THREADS / 32; w++) {
        failed = failed || tokens[w] == NO_TOKEN;
        if (isBetter(orders[w], tokens[w], best, token)) {
            best = orders[w];
            token = tokens[w];
        }
    }
    __syncthreads();
    return failed || best == orderOf(INFINITY) || best == orderOf(-INFINITY) ? NO_TOKEN : token;
}

/** The first 64 of 128 bits of Philox4x32-10, key = seed, counter = position. */
__device__ __forceinline__ unsigned long long randomBits(unsigned long long seed, unsigned long long position) {
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
    return static_cast<unsigned long long>(c1) << 32 | c0;
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
    for (int i = 0; i < 10; i++) {
        p = p * p;
    }
    return p - 2e-28 > 0.0 ? p - 2e-28 : 0.0;
}

/** The sampler's sum of at most 256 weights: eight sums, added pairwise. */
__device__ __forceinline__ double sumOf(const double* weights, int count) {
    double s[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    int i = 0;
    for (; i + 8 <= count; i += 8) {
        for (int l = 0; l < 8; l++) {
            s[l] += weights[i + l];
        }
    }
    for (; i < count; i++) {
        s[0] += weights[i];
    }
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/** The order of the k-th best of a row, and how many equal to it belong to the best, by its bytes from the highest. counts: [256] */
__device__ __forceinline__ unsigned kthOrder(const float* logits, int vocabulary, int k, unsigned* counts, int* state, int* equals) {
    unsigned prefix = 0;
    int wanted = k;
    for (int shift = 24; shift >= 0; shift -= 8) {
        for (int i = static_cast<int>(threadIdx.x); i < 256; i += SAMPLE_THREADS) {
            counts[i] = 0;
        }
        __syncthreads();
        for (int i = static_cast<int>(threadIdx.x); i < vocabulary; i += SAMPLE_THREADS) {
            const unsigned order = orderOf(logits[i]);
            if (shift == 24 || order >> (shift + 8) == prefix >> (shift + 8)) {
                atomicAdd(&counts[order >> shift & 255], 1u);
            }
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            int digit = 255;
            int before = 0;
            while (before + static_cast<int>(counts[digit]) < wanted) {
                before += static_cast<int>(counts[digit]);
                digit--;
            }
            state[0] = digit;
            state[1] = wanted - before;
        }
        __syncthreads();
        prefix |= static_cast<unsigned>(state[0]) << shift;
        wanted = state[1];
        __syncthreads();
    }
    *equals = wanted;
    return prefix;
}

/** How many threads before this one say yes; the number of all in *total. perWarp: room for 32. */
__device__ __forceinline__ int rankOf(bool yes, int* perWarp, int* total) {
    const unsigned ballot = __ballot_sync(FULL_WARP, yes);
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    if (lane == 0) {
        perWarp[warp] = __popc(ballot);
    }
    __syncthreads();
    int before = 0;
    int all = 0;
    for (int w = 0; w < SAMPLE_THREADS / 32; w++) {
        before += w < warp ? perWarp[w] : 0;
        all += perWarp[w];
    }
    __syncthreads();
    *total = all;
    return before + __popc(ballot & ((1u << lane) - 1));
}

} // namespace spillway

/** The largest logit of every row, the lowest token of equals. logits: [rows][vocabulary]; Grid: x rows */
extern "C" __global__ void __launch_bounds__(SAMPLE_THREADS) argmax_rows(const float* logits, int* tokens, int vocabulary) {
    SHARED(unsigned, orders, 32);
    SHARED(int, best, 32);
    const int token = spillway::largestOf(logits + static_cast<size_t>(blockIdx.x) * vocabulary, vocabulary, orders, best);
    if (threadIdx.x == 0) {
        tokens[blockIdx.x] = token;
    }
}
KERNEL(argmax_rows)

/**
 * One draw of every row among its topK best, with the number of (seed, position): temperature and top-k of the sampler.
 * temperatures: [rows], positive; topKs: [rows], 1 to TOP_K_MAX; seeds, positions: [rows]; Grid: x rows
 */
extern "C" __global__ void __launch_bounds__(SAMPLE_THREADS) draw_top_k(const float* logits, const float* temperatures, const int* topKs,
    const long long* seeds, const long long* positions, int* tokens, int vocabulary) {
    SHARED(unsigned, counts, 256);
    SHARED(int, perWarp, 32);
    SHARED(int, state, 2);
    SHARED(int, kept, TOP_K_MAX);
    SHARED(double, weights, TOP_K_MAX);
    const float* const row = logits + static_cast<size_t>(blockIdx.x) * vocabulary;
    const int largest = spillway::largestOf(row, vocabulary, counts, perWarp);
    if (largest == NO_TOKEN) {
        if (threadIdx.x == 0) {
            tokens[blockIdx.x] = NO_TOKEN;
        }
        return; // the whole block
    }
    const int k = topKs[blockIdx.x] < vocabulary ? topKs[blockIdx.x] : vocabulary;
    int equals = 0;
    const unsigned least = spillway::kthOrder(row, vocabulary, k, counts, state, &equals);
    int count = 0;
    int equalsSeen = 0;
    for (int first = 0; first < vocabulary && count < k; first += SAMPLE_THREADS) { // in the order of tokens
        const int i = first + static_cast<int>(threadIdx.x);
        const unsigned order = i < vocabulary ? spillway::orderOf(row[i]) : 0;
        int all = 0;
        const int rank = spillway::rankOf(i < vocabulary && order == least, perWarp, &all);
        const bool keeps = i < vocabulary && (order > least || (order == least && equalsSeen + rank < equals));
        equalsSeen += all;
        const int place = count + spillway::rankOf(keeps, perWarp, &all);
        if (keeps) {
            kept[place] = i;
        }
        count += all;
    }
    __syncthreads();
    const double top = row[largest];
    const double inverse = 1.0 / static_cast<double>(temperatures[blockIdx.x]);
    for (int i = static_cast<int>(threadIdx.x); i < k; i += SAMPLE_THREADS) {
        weights[i] = spillway::weightOf((top - static_cast<double>(row[kept[i]])) * -inverse);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        const double uniform = static_cast<double>(spillway::randomBits(static_cast<unsigned long long>(seeds[blockIdx.x]),
            static_cast<unsigned long long>(positions[blockIdx.x])) >> 11) * 0x1p-53;
        const double target = uniform * spillway::sumOf(weights, k);
        int last = k - 1;
        while (last > 0 && weights[last] == 0) {
            last--;
        }
        double sum = 0;
        int picked = last;
        for (int i = 0; i < last; i++) {
            sum += weights[i];
            if (sum > target) {
                picked = i;
                break;
            }
        }
        tokens[blockIdx.x] = kept[picked];
    }
}
KERNEL(draw_top_k)
