// What kernels share: numbers as the scalar specification reads them, reductions over a warp and a block, wide loads.
//
// The same source is compiled by nvcc for GPUs and by a C++ compiler for the tests. Compiled without contraction (-fmad=false,
// -ffp-contract=off): a fused multiply-add is one only where fmaf is written, so element-wise kernels give the specification's bits.
#pragma once
#ifndef SPILLWAY_SHIM
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>
#define SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define DYNAMIC_SHARED(type, name) extern __shared__ __align__(1024) type name[]
#define KERNEL(name)
#define UNROLL _Pragma("unroll")
#endif

#define FULL_WARP 0xFFFFFFFFu

namespace spillway {

typedef unsigned short half_bits;

__device__ __forceinline__ float halfToFloat(half_bits bits) {
    return __half2float(__ushort_as_half(bits));
}

__device__ __forceinline__ half_bits halfFromFloat(float x) {
    return __half_as_ushort(__float2half_rn(x));
}

__device__ __forceinline__ float bf16ToFloat(half_bits bits) {
    return __uint_as_float(static_cast<unsigned>(bits) << 16);
}

__device__ __forceinline__ float lowHalf(unsigned pair) {
    return halfToFloat(static_cast<half_bits>(pair & 0xFFFF));
}

__device__ __forceinline__ float highHalf(unsigned pair) {
    return halfToFloat(static_cast<half_bits>(pair >> 16));
}

/** Whether wide loads may be used from here. */
__device__ __forceinline__ bool isAligned(const void* at, unsigned bytes) {
    return (reinterpret_cast<uintptr_t>(at) & (bytes - 1)) == 0;
}

/** The specification's exponential, operation by operation: the argument is clamped to +-87; NaN stays NaN. */
__device__ __forceinline__ float expOf(float x) {
    const float clamped = x < -87.0f ? -87.0f : x > 87.0f ? 87.0f : x;
    const float shifted = clamped * 1.44269504f + 12582912.0f;
    const float n = shifted - 12582912.0f;
    const float r = fmaf(n, 2.12194440e-4f, fmaf(n, -0.693359375f, clamped));
    float p = fmaf(r, 1.0f / 720, 1.0f / 120);
    p = fmaf(p, r, 1.0f / 24);
    p = fmaf(p, r, 1.0f / 6);
    p = fmaf(p, r, 0.5f);
    p = fmaf(p, r, 1.0f);
    p = fmaf(p, r, 1.0f);
    return p * __int_as_float((__float_as_int(shifted) - 0x4B400000 + 127) << 23);
}

__device__ __forceinline__ float tanhOf(float x) {
    return 1.0f - 2.0f / (expOf(2.0f * x) + 1.0f);
}

__device__ __forceinline__ float warpSum(float x) {
    for (int lanes = 16; lanes > 0; lanes /= 2) {
        x += __shfl_xor_sync(FULL_WARP, x, lanes);
    }
    return x;
}

__device__ __forceinline__ float warpMaximum(float x) {
    for (int lanes = 16; lanes > 0; lanes /= 2) {
        const float other = __shfl_xor_sync(FULL_WARP, x, lanes);
        x = x > other ? x : other;
    }
    return x;
}

/** The sum over a block of whole warps, in a fixed order, for every thread. `partial` has room for 32 and is free afterwards. */
__device__ __forceinline__ float blockSum(float x, float* partial) {
    const int warps = static_cast<int>(blockDim.x / 32);
    const float mine = warpSum(x);
    if (threadIdx.x % 32 == 0) {
        partial[threadIdx.x / 32] = mine;
    }
    __syncthreads();
    float sum = partial[0];
    for (int w = 1; w < warps; w++) {
        sum += partial[w];
    }
    __syncthreads();
    return sum;
}

__device__ __forceinline__ float blockMaximum(float x, float* partial) {
    const int warps = static_cast<int>(blockDim.x / 32);
    const float mine = warpMaximum(x);
    if (threadIdx.x % 32 == 0) {
        partial[threadIdx.x / 32] = mine;
    }
    __syncthreads();
    float greatest = partial[0];
    for (int w = 1; w < warps; w++) {
        greatest = partial[w] > greatest ? partial[w] : greatest;
    }
    __syncthreads();
    return greatest;
}

/**
 * Programmatic dependent launch: from here on the next kernel of the stream may start, where it was launched so. What this one
 * writes before is not yet visible to it: it waits with awaitPrevious().
 */
__device__ __forceinline__ void launchDependents() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

/** Waits until the kernels before this one have ended and what they wrote is visible. Before it only what no kernel writes may be read. */
__device__ __forceinline__ void awaitPrevious() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

} // namespace spillway
