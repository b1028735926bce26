// Mixtures of experts: which experts a row uses, which rows an expert gets, and the sum of what they found. The products between are gemv
// and gemm with pieces of work. Counts stay in device memory, and nothing depends on the order of blocks.
#pragma once
#include "product.cuh"

#define EXPERTS_MAX 512
#define CHOSEN_MAX 32
#define ROUTE_THREADS 256
#define LIST_THREADS 1024

namespace spillway {

/** Greater is better; both zeros are alike, NaN is worst. */
__device__ __forceinline__ unsigned scoreOrder(float score) {
    const unsigned bits = __float_as_uint(score + 0.0f);
    return score != score ? 0 : bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

} // namespace spillway

/**
 * The specification's choice, a warp a row. Grid: x rows / 8; scores: [rows][experts]; positions: [rows] or null, negative: the row only fills
 * up; chosen: [rows][chosenCount] experts, ascending (-1 of such rows); weights: likewise; againstAll: weights are shares of the
 * probability of all experts
 */
extern "C" __global__ void __launch_bounds__(ROUTE_THREADS) route_experts(const float* scores, const int* positions, int* chosen, float* weights,
    int rows, int experts, int chosenCount, int againstAll) {
    SHARED(float, shares, ROUTE_THREADS / 32 * EXPERTS_MAX);
    spillway::launchDependents();
    spillway::awaitPrevious();
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int row = static_cast<int>(blockIdx.x) * (ROUTE_THREADS / 32) + warp;
    if (row >= rows) {
        return; // the whole warp
    }
    int* const mine = chosen + static_cast<size_t>(row) * chosenCount;
    float* const myWeights = weights + static_cast<size_t>(row) * chosenCount;
    if (positions && positions[row] < 0) {
        for (int i = lane; i < chosenCount; i += 32) {
            mine[i] = -1;
            myWeights[i] = 0;
        }
        return; // likewise
    }
    float score[EXPERTS_MAX / 32];
    unsigned taken = 0;
    UNROLL for (int j = 0; j < EXPERTS_MAX / 32; j++) {
        const int expert = j * 32 + lane;
        score[j] = expert < experts ? scores[static_cast<size_t>(row) * experts + expert] : 0;
    }
    float greatest = 0;
    for (int i = 0; i < chosenCount; i++) {
        unsigned best = 0;
        int expert = EXPERTS_MAX;
        float value = 0;
        UNROLL for (int j = 0; j < EXPERTS_MAX / 32; j++) { // of equals the lower one
            const unsigned order = spillway::scoreOrder(score[j]);
            if (j * 32 + lane < experts && !(taken >> j & 1) && (expert == EXPERTS_MAX || order > best)) {
                best = order;
                expert = j * 32 + lane;
                value = score[j];
            }
        }
        for (int lanes = 16; lanes > 0; lanes /= 2) {
            const unsigned otherBest = __shfl_xor_sync(FULL_WARP, best, lanes);
            const int otherExpert = __shfl_xor_sync(FULL_WARP, expert, lanes);
            const float otherValue = __shfl_xor_sync(FULL_WARP, value, lanes);
            const bool isBetter = otherExpert != EXPERTS_MAX
                && (expert == EXPERTS_MAX || otherBest > best || (otherBest == best && otherExpert < expert));
            best = isBetter ? otherBest : best;
            expert = isBetter ? otherExpert : expert;
            value = isBetter ? otherValue : value;
        }
        taken |= expert % 32 == lane ? 1u << expert / 32 : 0;
        greatest = i == 0 ? value : greatest;
    }
    float* const share = shares + warp * EXPERTS_MAX;
    int before = 0;
    float sum = 0;
    UNROLL for (int j = 0; j < EXPERTS_MAX / 32; j++) {
        const bool isMine = taken >> j & 1;
        const unsigned all = __ballot_sync(FULL_WARP, isMine);
        const float own = spillway::expOf(score[j] - greatest);
        if (isMine) {
            const int place = before + __popc(all & ((1u << lane) - 1));
            mine[place] = j * 32 + lane;
            share[place] = own;
        }
        before += __popc(all);
    }
    __syncwarp();
    const float weight = lane < chosenCount ? share[lane] : 0;
    for (int i = 0; i < chosenCount; i++) { // in the specification's order
        sum += share[i];
    }
    if (againstAll) {
        __syncwarp();
        UNROLL for (int j = 0; j < EXPERTS_MAX / 32; j++) {
            share[j * 32 + lane] = spillway::expOf(score[j] - greatest);
        }
        __syncwarp();
        sum = 0;
        for (int expert = 0; expert < experts; expert++) {
            sum += share[expert];
        }
    }
    if (lane < chosenCount) {
        myWeights[lane] = weight / sum;
    }
}
KERNEL(route_experts)

/**
 * The entries of every expert, ascending, a block an expert; the last block to end makes the pieces of work: experts ascending, tileRows
 * entries each. Grid: x experts. chosen: [entries]; lists, counts, work: see Rows; ended: 0 before and after
 */
extern "C" __global__ void __launch_bounds__(LIST_THREADS) list_experts(const int* chosen, int* lists, int* counts, int* work, int* ended,
    int entries, int listStride, int tileRows) {
    SHARED(int, perWarp, 32);
    SHARED(int, ends, EXPERTS_MAX);
    SHARED(int, isLast, 1);
    spillway::launchDependents();
    spillway::awaitPrevious();
    const int thread = static_cast<int>(threadIdx.x);
    const int lane = thread % 32;
    const int expert = static_cast<int>(blockIdx.x);
    const int experts = static_cast<int>(gridDim.x);
    int* const list = lists + static_cast<size_t>(expert) * listStride;
    int count = 0;
    for (int first = 0; first < entries; first += LIST_THREADS) {
        const int entry = first + thread;
        const bool isMine = entry < entries && chosen[entry] == expert;
        const unsigned all = __ballot_sync(FULL_WARP, isMine);
        if (lane == 0) {
            perWarp[thread / 32] = __popc(all);
        }
        __syncthreads();
        int before = count;
        for (int w = 0; w < LIST_THREADS / 32; w++) {
            before += w < thread / 32 ? perWarp[w] : 0;
            count += perWarp[w];
        }
        if (isMine) {
            list[before + __popc(all & ((1u << lane) - 1))] = entry;
        }
        __syncthreads();
    }
    if (thread == 0) {
        counts[expert] = count;
        __threadfence();
        isLast[0] = atomicAdd(ended, 1) == experts - 1;
    }
    __syncthreads();
    if (!isLast[0]) {
        return; // the whole block
    }
    __threadfence();
    const int pieces = thread < experts ? (__ldcg(counts + thread) + tileRows - 1) / tileRows : 0;
    if (thread < EXPERTS_MAX) {
        ends[thread] = pieces;
    }
    __syncthreads();
    for (int step = 1; step < experts; step *= 2) {
        const int sum = thread < EXPERTS_MAX ? ends[thread] + (thread >= step ? ends[thread - step] : 0) : 0;
        __syncthreads();
        if (thread < EXPERTS_MAX) {
            ends[thread] = sum;
        }
        __syncthreads();
    }
    if (thread < experts) {
        for (int i = 0; i < pieces; i++) {
            const int piece = ends[thread] - pieces + i;
            work[1 + 2 * piece] = thread;
            work[2 + 2 * piece] = i * tileRows;
        }
    }
    if (thread == 0) {
        work[0] = ends[experts - 1];
        *ended = 0;
    }
}
KERNEL(list_experts)

/**
 * What the experts of a row found, weighed, in ascending order: the specification's bits. Grid: x columns / 256, y rows. parts: [rows][chosenCount]
 * [width]; out: [rows][width] as mode says: OUT_HALF, OUT_FLOAT or OUT_ADD
 */
extern "C" __global__ void __launch_bounds__(256) sum_experts(const float* parts, const int* chosen, const float* weights, void* out, int chosenCount,
    int width, int mode, int isBf16) {
    spillway::launchDependents();
    spillway::awaitPrevious();
    const int column = static_cast<int>(blockIdx.x * 256 + threadIdx.x);
    const int row = static_cast<int>(blockIdx.y);
    if (column >= width) {
        return;
    }
    const size_t first = static_cast<size_t>(row) * chosenCount;
    float sum = 0;
    for (int i = 0; i < chosenCount && chosen[first] >= 0; i++) {
        sum = fmaf(parts[(first + i) * width + column], weights[first + i], sum);
    }
    const spillway::Results results = {out, nullptr, width, mode, isBf16, width};
    results.write(row, column, sum, 0);
}
KERNEL(sum_experts)
