// Numbers of activations in memory: f16, bf16 or f32, told apart by a kind that is the same for a whole launch; eight at a time.
#pragma once
#include "device.cuh"

#define KIND_F16 0
#define KIND_BF16 1
#define KIND_F32 2

namespace spillway {

/** The nearest bf16, ties to even. */
__device__ __forceinline__ half_bits bf16FromFloat(float x) {
    return __bfloat16_as_ushort(__float2bfloat16_rn(x));
}

/** kind: KIND_F16 or KIND_BF16 */
__device__ __forceinline__ float fromHalf(half_bits bits, int kind) {
    return kind == KIND_BF16 ? bf16ToFloat(bits) : halfToFloat(bits);
}

/** kind: KIND_F16 or KIND_BF16 */
__device__ __forceinline__ half_bits toHalf(float x, int kind) {
    return kind == KIND_BF16 ? bf16FromFloat(x) : halfFromFloat(x);
}

__device__ __forceinline__ float readOne(const void* from, size_t at, int kind) {
    return kind == KIND_F32 ? static_cast<const float*>(from)[at] : fromHalf(static_cast<const half_bits*>(from)[at], kind);
}

__device__ __forceinline__ void writeOne(void* to, size_t at, int kind, float x) {
    if (kind == KIND_F32) {
        static_cast<float*>(to)[at] = x;
    } else {
        static_cast<half_bits*>(to)[at] = toHalf(x, kind);
    }
}

__device__ __forceinline__ unsigned halfPair(float low, float high, int kind) {
    return toHalf(low, kind) | static_cast<unsigned>(toHalf(high, kind)) << 16;
}

/** x[8] from the at-th number on; 16 bytes aligned. */
__device__ __forceinline__ void readEight(const void* from, size_t at, int kind, float* x) {
    if (kind == KIND_F32) {
        const float4 a = *reinterpret_cast<const float4*>(static_cast<const float*>(from) + at);
        const float4 b = *reinterpret_cast<const float4*>(static_cast<const float*>(from) + at + 4);
        x[0] = a.x, x[1] = a.y, x[2] = a.z, x[3] = a.w, x[4] = b.x, x[5] = b.y, x[6] = b.z, x[7] = b.w;
        return;
    }
    const uint4 packed = *reinterpret_cast<const uint4*>(static_cast<const half_bits*>(from) + at);
    const unsigned pairs[4] = {packed.x, packed.y, packed.z, packed.w};
    UNROLL
    for (int i = 0; i < 4; i++) {
        x[2 * i] = fromHalf(static_cast<half_bits>(pairs[i] & 0xFFFF), kind);
        x[2 * i + 1] = fromHalf(static_cast<half_bits>(pairs[i] >> 16), kind);
    }
}

/** The other way. */
__device__ __forceinline__ void writeEight(void* to, size_t at, int kind, const float* x) {
    if (kind == KIND_F32) {
        *reinterpret_cast<float4*>(static_cast<float*>(to) + at) = {x[0], x[1], x[2], x[3]};
        *reinterpret_cast<float4*>(static_cast<float*>(to) + at + 4) = {x[4], x[5], x[6], x[7]};
        return;
    }
    *reinterpret_cast<uint4*>(static_cast<half_bits*>(to) + at) =
        {halfPair(x[0], x[1], kind), halfPair(x[2], x[3], kind), halfPair(x[4], x[5], kind), halfPair(x[6], x[7], kind)};
}

} // namespace spillway
