// What blocks that work on one result do at its end.
#pragma once
#include "device.cuh"

namespace spillway {

__device__ __forceinline__ half_bits halfOf(float x, bool isBf16) {
    return isBf16 ? __bfloat16_as_ushort(__float2bfloat16_rn(x)) : halfFromFloat(x);
}

/** Whether this block is the last of `blocks` to arrive. What every thread wrote before is visible to the last. flag: room for 1 */
__device__ __forceinline__ bool arrivesLast(int* arrivals, int blocks, int* flag) {
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        *flag = atomicAdd(arrivals, 1) == blocks - 1;
        if (*flag) {
            *arrivals = 0; // for the next launch
        }
    }
    __syncthreads();
    const bool isLast = *flag != 0;
    if (isLast) {
        __threadfence();
    }
    return isLast;
}

} // namespace spillway
