// The passes over whole rows of logits: many blocks of threads a row. First what is changed before a token is chosen, and the largest
// of every block of tokens; then, for rows that draw from the whole vocabulary, weights.
#pragma once
#include "choice.cuh"

#define SCAN_THREADS 256
/** Blocks of tokens that a block of threads takes. */
#define SCAN_BLOCKS 16
#define WEIGH_THREADS (SCAN_BLOCKS * 8)

namespace spillway {

/** An extreme parameter makes a token certain or hopeless, never a NaN. */
__device__ __forceinline__ float finite(float x) {
    return x == -INFINITY ? x : x > 3.402823466e38f ? 3.402823466e38f : x < -3.402823466e38f ? -3.402823466e38f : x;
}

/** What changes a row's logits; see scan_logits. */
struct Adjusting {
    const unsigned* mask;               // null: none
    const int* biasTokens;              // [biasCount]
    const float* biases;
    const unsigned* lastSeen;           // [vocabulary], null: no penalties
    const unsigned short* outputCounts; // [vocabulary]
};

__device__ __forceinline__ float penalised(float x, const SampleRow& row, unsigned lastSeen, unsigned count) {
    const int before = row.windowTokens > 0 ? row.historyTokens - row.windowTokens : 0;
    if (row.repetition != 1.0f && lastSeen != 0 && static_cast<int>(lastSeen) > before) {
        x = finite(x > 0 ? x / row.repetition : x * row.repetition);
    }
    if ((row.presence != 0.0f || row.frequency != 0.0f) && count > 0) {
        x = finite(x - row.presence - row.frequency * static_cast<float>(count));
    }
    return x;
}

/** The token of a lane's i-th number of a block, from the block's first. */
__device__ __forceinline__ int placeOf(int i) {
    return i / 4 * 128 + static_cast<int>(threadIdx.x) % 32 * 4 + i % 4;
}

/** v[8]: a block's logits, -infinity beyond the vocabulary. One warp. */
__device__ __forceinline__ void loadBlock(const float* logits, int first, int vocabulary, float* v) {
    UNROLL
    for (int i = 0; i < 8; i += 4) {
        const int token = first + placeOf(i);
        if (token + 3 < vocabulary && isAligned(logits + token, 16)) {
            const float4 four = *reinterpret_cast<const float4*>(logits + token);
            v[i] = four.x, v[i + 1] = four.y, v[i + 2] = four.z, v[i + 3] = four.w;
        } else {
            for (int j = 0; j < 4; j++) {
                v[i + j] = token + j < vocabulary ? logits[token + j] : -INFINITY;
            }
        }
    }
}

__device__ __forceinline__ unsigned warpLargest(const float* v) {
    unsigned largest = 0;
    UNROLL
    for (int i = 0; i < 8; i++) {
        const unsigned order = orderOf(v[i]);
        largest = order > largest ? order : largest;
    }
    for (int lanes = 16; lanes > 0; lanes /= 2) {
        const unsigned other = __shfl_xor_sync(FULL_WARP, largest, lanes);
        largest = other > largest ? other : largest;
    }
    return largest;
}

/** Bias: few tokens, so they are looked for in memory that the warp shares. room: [256] */
__device__ __forceinline__ void addBiases(const SampleRow& row, const Adjusting& by, int first, float* v, float* room) {
    UNROLL
    for (int i = 0; i < 8; i++) {
        room[placeOf(i)] = v[i];
    }
    __syncwarp();
    for (int j = static_cast<int>(threadIdx.x) % 32; j < row.biasCount; j += 32) {
        const int place = by.biasTokens[j] - first;
        if (place >= 0 && place < VOCABULARY_BLOCK) {
            room[place] = finite(room[place] + by.biases[j]);
        }
    }
    __syncwarp();
    UNROLL
    for (int i = 0; i < 8; i++) {
        v[i] = room[placeOf(i)];
    }
    __syncwarp();
}

/** Mask, bias, penalties, in the sampler's order. Returns the block's largest; what the model did wrong is not hidden by what is added. */
__device__ __forceinline__ unsigned adjustBlock(const SampleRow& row, const Adjusting& by, int first, int vocabulary, float* v, float* room) {
    for (int i = 0; by.mask && i < 8; i++) {
        const int token = first + placeOf(i);
        if (token < vocabulary && !(by.mask[token / 32] >> (token % 32) & 1)) {
            v[i] = -INFINITY;
        }
    }
    const unsigned before = warpLargest(v);
    if (before >= ORDER_INFINITE) {
        return before;
    }
    if (row.biasCount > 0) {
        addBiases(row, by, first, v, room);
    }
    for (int i = 0; by.lastSeen && i < 8; i++) {
        const int token = first + placeOf(i);
        if (token < vocabulary) {
            v[i] = penalised(v[i], row, by.lastSeen[token], by.outputCounts[token]);
        }
    }
    return warpLargest(v);
}

} // namespace spillway

/**
 * Prepares rows of logits: the largest order of every block of tokens, and the logits that mask, bias and penalties leave where a row
 * has any. Grid: x groups of SCAN_BLOCKS blocks of tokens, y rows
 *
 * logits: [rows][vocabulary]; masks: [][maskWords] of 64 bits; biasTokens, biases: lists that rows point into
 * lastSeen: [slots][vocabulary], one more than the last place of a token in prompt and output, 0: nowhere; outputCounts: likewise, how
 * often it is in the output, at most 65535; adjusted: [scratch rows][vocabulary]; maxima, rawMaxima: [rows][blocks], rawMaxima of the
 * logits as they came, where log probabilities are wanted; bins: [rows][MASS_BINS], zeroed where weigh_logits fills them
 */
extern "C" __global__ void __launch_bounds__(SCAN_THREADS) scan_logits(const float* logits, const spillway::SampleRow* rows, const unsigned* masks,
    const int* biasTokens, const float* biases, const unsigned* lastSeen, const unsigned short* outputCounts, float* adjusted, unsigned* maxima,
    unsigned* rawMaxima, unsigned long long* bins, int vocabulary, int maskWords) {
    SHARED(float, room, SCAN_THREADS / 32 * VOCABULARY_BLOCK);
    spillway::awaitPrevious();
    spillway::launchDependents();
    const size_t r = blockIdx.y;
    const spillway::SampleRow row = rows[r];
    if (!row.isActive) {
        return;
    }
    const int blocks = (vocabulary + VOCABULARY_BLOCK - 1) / VOCABULARY_BLOCK;
    if (blockIdx.x == 0 && spillway::usesBins(row, vocabulary)) {
        for (int i = static_cast<int>(threadIdx.x); i < MASS_BINS; i += SCAN_THREADS) {
            bins[r * MASS_BINS + i] = 0;
        }
    }
    const bool changes = spillway::isAdjusted(row);
    const size_t history = static_cast<size_t>(row.slot < 0 ? 0 : row.slot) * vocabulary;
    const bool penalises = spillway::isPenalised(row);
    const spillway::Adjusting by = {row.mask < 0 ? nullptr : masks + static_cast<size_t>(row.mask) * maskWords * 2, biasTokens + row.biasFrom,
        biases + row.biasFrom, penalises ? lastSeen + history : nullptr, penalises ? outputCounts + history : nullptr};
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int end = static_cast<int>(blockIdx.x + 1) * SCAN_BLOCKS;
    for (int b = end - SCAN_BLOCKS + warp; b < end && b < blocks; b += SCAN_THREADS / 32) {
        float v[8];
        const int first = b * VOCABULARY_BLOCK;
        spillway::loadBlock(logits + r * vocabulary, first, vocabulary, v);
        unsigned largest = 0;
        if (!changes || row.topLogprobs >= 0) {
            largest = spillway::warpLargest(v);
            if (threadIdx.x % 32 == 0 && row.topLogprobs >= 0) {
                rawMaxima[r * blocks + b] = largest;
            }
        }
        if (changes && row.scratch < 0) {
            largest = ORDER_NAN; // there is no memory for it: no token
        } else if (changes) {
            largest = spillway::adjustBlock(row, by, first, vocabulary, v, room + warp * VOCABULARY_BLOCK);
            for (int i = 0; i < 8; i++) {
                const int token = first + spillway::placeOf(i);
                if (token < vocabulary) {
                    adjusted[static_cast<size_t>(row.scratch) * vocabulary + token] = v[i];
                }
            }
        }
        if (threadIdx.x % 32 == 0) {
            maxima[r * blocks + b] = largest;
        }
    }
}
KERNEL(scan_logits)

/**
 * For rows that draw from the whole vocabulary: the sampler's sum of weights of every block of tokens, or the masses of weights by
 * level where a share of them is kept. For rows that want log probabilities: sums of the logits as they came, at temperature 1.
 * Grid: x groups of SCAN_BLOCKS blocks of tokens, y rows. sums, rawSums: [rows][blocks]; else as scan_logits
 */
extern "C" __global__ void __launch_bounds__(WEIGH_THREADS) weigh_logits(const float* logits, const spillway::SampleRow* rows, const float* adjusted,
    const unsigned* maxima, const unsigned* rawMaxima, double* sums, double* rawSums, unsigned long long* bins, int vocabulary) {
    SHARED(unsigned long long, local, MASS_BINS);
    SHARED(unsigned, room, 32);
    spillway::awaitPrevious();
    spillway::launchDependents();
    const size_t r = blockIdx.y;
    const spillway::SampleRow row = rows[r];
    const bool usesBins = spillway::usesBins(row, vocabulary);
    const bool usesSums = spillway::usesSums(row, vocabulary);
    if (!row.isActive || (!usesBins && !usesSums && row.topLogprobs < 0)) {
        return; // the whole block
    }
    const int blocks = (vocabulary + VOCABULARY_BLOCK - 1) / VOCABULARY_BLOCK;
    const unsigned largest = spillway::largestOf(maxima + r * blocks, blocks, room);
    if (!spillway::isChoosable(largest)) {
        return;
    }
    const int b = static_cast<int>(blockIdx.x) * SCAN_BLOCKS + static_cast<int>(threadIdx.x) / 8;
    const int first = b * VOCABULARY_BLOCK;
    const int left = vocabulary - first;
    const int count = b >= blocks ? 0 : left < VOCABULARY_BLOCK ? left : VOCABULARY_BLOCK;
    const bool writes = count > 0 && threadIdx.x % 8 == 0;
    const double top = spillway::floatOf(largest);
    const double scale = -(1.0 / static_cast<double>(row.temperature));
    const double least = row.minP;
    const float* const x = (spillway::isAdjusted(row) ? adjusted + static_cast<size_t>(row.scratch) * vocabulary : logits + r * vocabulary) + first;
    if (usesSums) {
        const double sum = spillway::sumOfBlock(count, [=](int i) {
            const double weight = spillway::weightOf((top - static_cast<double>(x[i])) * scale);
            return weight >= least ? weight : 0.0;
        });
        if (writes) {
            sums[r * blocks + b] = sum;
        }
    } else if (usesBins) {
        for (int i = static_cast<int>(threadIdx.x); i < MASS_BINS; i += WEIGH_THREADS) {
            local[i] = 0;
        }
        __syncthreads();
        for (int i = static_cast<int>(threadIdx.x) % 8; i < count; i += 8) {
            const double level = top - static_cast<double>(x[i]);
            const double weight = spillway::weightOf(level * scale);
            if (weight > 0 && weight >= least) {
                atomicAdd(&local[spillway::massBin(level * -scale)], spillway::massOf(weight));
            }
        }
        __syncthreads();
        for (int i = static_cast<int>(threadIdx.x); i < MASS_BINS; i += WEIGH_THREADS) {
            if (local[i] != 0) {
                atomicAdd(&bins[r * MASS_BINS + i], local[i]);
            }
        }
    }
    if (row.topLogprobs >= 0) {
        const double rawTop = spillway::floatOf(spillway::largestOf(rawMaxima + r * blocks, blocks, room));
        const float* const raw = logits + r * vocabulary + first;
        const double sum = spillway::sumOfBlock(count, [=](int i) {
            return spillway::weightOf((rawTop - static_cast<double>(raw[i])) * -1.0);
        });
        if (writes) {
            rawSums[r * blocks + b] = sum;
        }
    }
}
KERNEL(weigh_logits)
