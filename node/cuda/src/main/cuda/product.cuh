// What all products share: which rows a block takes, and what becomes of a sum. Weights are [outputs][columns]; a product is
// out[row][output] = sum over columns of in[row][column] * weights[output][column], summed in f32.
#pragma once
#include "tensor.cuh"
#include "units.cuh"
#ifdef SPILLWAY_SHIM
#define ONE_BY_ONE
#else
#define ONE_BY_ONE _Pragma("unroll 1")
#endif

// What becomes of a sum, after the bias. From OUT_SWIGLU on the first half of the outputs are gates, the other half what they
// gate: out is half as wide as there are outputs.
#define OUT_HALF 0
#define OUT_FLOAT 1
#define OUT_ADD 2
#define OUT_SWIGLU 3
#define OUT_GEGLU 4
#define OUT_CLAMPED 5

namespace spillway {

__device__ __forceinline__ half_bits halfOf(int isBf16, float x) {
    return static_cast<half_bits>((isBf16 ? pairOf<KIND_BF16>(x, 0) : pairOf<KIND_F16>(x, 0)) & 0xFFFF);
}

/** Where results go. */
struct Results {
    void* out; // [rows][stride]: halves; f32 with OUT_FLOAT and OUT_ADD
    const float* bias; // of every output, or null
    int stride;
    int mode;
    int isBf16;
    int width; // results of a row

    __device__ __forceinline__ bool isGated() const {
        return mode >= OUT_SWIGLU;
    }

    /** What becomes of a sum; `up` counts for gated units only. */
    __device__ __forceinline__ float value(int output, float sum, float up) const {
        const float biased = bias ? sum + bias[output] : sum;
        return isGated() ? gatedOf(mode - OUT_SWIGLU, biased, bias ? up + bias[width + output] : up) : biased;
    }

    /** One result, of which each is written by one thread. */
    __device__ __forceinline__ void write(int row, int output, float sum, float up) const {
        const float x = value(output, sum, up);
        const size_t at = static_cast<size_t>(row) * stride + output;
        if (mode == OUT_FLOAT) {
            static_cast<float*>(out)[at] = x;
        } else if (mode == OUT_ADD) {
            static_cast<float*>(out)[at] += x;
        } else {
            static_cast<half_bits*>(out)[at] = halfOf(isBf16, x);
        }
    }

    /** Eight neighbours, the first a multiple of eight. */
    __device__ __forceinline__ void writeEight(int row, int output, const float* sums, const float* ups) const {
        if (output + 8 > width || stride % 8 != 0 || !isAligned(out, 16)) {
            for (int i = 0; i < 8 && output + i < width; i++) {
                write(row, output + i, sums[i], isGated() ? ups[i] : 0);
            }
            return;
        }
        float x[8];
        UNROLL for (int i = 0; i < 8; i++) {
            x[i] = value(output + i, sums[i], isGated() ? ups[i] : 0);
        }
        const size_t at = static_cast<size_t>(row) * stride + output;
        if (mode == OUT_FLOAT || mode == OUT_ADD) {
            float4* const to = reinterpret_cast<float4*>(static_cast<float*>(out) + at);
            UNROLL for (int i = 0; i < 2; i++) {
                const float4 before = mode == OUT_ADD ? to[i] : float4{0, 0, 0, 0};
                to[i] = mode == OUT_ADD ? float4{before.x + x[4 * i], before.y + x[4 * i + 1], before.z + x[4 * i + 2], before.w + x[4 * i + 3]}
                    : float4{x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]};
            }
            return;
        }
        unsigned pairs[4];
        UNROLL for (int i = 0; i < 4; i++) {
            pairs[i] = isBf16 ? pairOf<KIND_BF16>(x[2 * i], x[2 * i + 1]) : pairOf<KIND_F16>(x[2 * i], x[2 * i + 1]);
        }
        *reinterpret_cast<uint4*>(static_cast<half_bits*>(out) + at) = {pairs[0], pairs[1], pairs[2], pairs[3]};
    }
};

/**
 * The rows a block takes: neighbours, or, with experts, those of a list. work: [0] pieces of work, then {expert, first of its entries}
 * of each; lists: [experts][listStride] entries; counts: [experts]. An entry is the row of the results; the row of the input is
 * entry / entriesPerRow.
 */
struct Rows {
    const int* list; // null: neighbours
    int first;
    int count; // 0: nothing to do
    int expert;
    int entriesPerRow;

    __device__ __forceinline__ int out(int i) const {
        return list ? list[first + i] : first + i;
    }

    __device__ __forceinline__ int in(int i) const {
        return list ? list[first + i] / entriesPerRow : first + i;
    }
};

__device__ __forceinline__ Rows rowsOf(const int* work, const int* lists, const int* counts, int listStride, int entriesPerRow, int tile,
    int tileRows, int rows) {
    if (!work) {
        const int first = tile * tileRows;
        const int left = rows - first;
        return {nullptr, first, left < tileRows ? left : tileRows, 0, 1};
    }
    if (tile >= work[0]) {
        return {nullptr, 0, 0, 0, 1};
    }
    const int expert = work[1 + 2 * tile];
    const int first = work[2 + 2 * tile];
    const int left = counts[expert] - first;
    return {lists + static_cast<size_t>(expert) * listStride, first, left < tileRows ? left : tileRows, expert, entriesPerRow};
}

/** Asks for memory that will be read soon; nothing more than that. */
__device__ __forceinline__ void loadLater(const void* from) {
#ifdef SPILLWAY_SHIM
    static_cast<void>(from);
#else
    asm volatile("prefetch.global.L2 [%0];" ::"l"(from));
#endif
}

/** 16 bytes that are read once. */
__device__ __forceinline__ uint4 loadOnce(const void* from) {
#ifdef SPILLWAY_SHIM
    return *static_cast<const uint4*>(from);
#else
    uint4 v;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(from));
    return v;
#endif
}

} // namespace spillway
