// Numbers of the KV cache, in every element the device reads and writes: bit for bit what KvLayout, KvElements and KvRounding specify.
// `head` is where the keys or values of one head begin in a block. Numbers that are stored are finite.
//
//   numberBytes, headBytes       where the scales of a head begin, and the next head
//   keyNumber, valueNumber       one stored number, before scale and minimum; scaleOf, minimumOf: those of a token
//   storeToken                   a token's keys or values of one head, scale and minimum included, by a warp
//   f8FromFloat, roundI8, roundI4  single numbers
//   f8Pair, i8Pair, i4Pair       two stored numbers as a pair of halves, exactly: what tensor cores multiply
#pragma once
#include "device.cuh"

// KvElement.number()
#define KV_F16 2
#define KV_BF16 3
#define KV_F8 4
#define KV_I8 5
#define KV_I4 6
// f8Pair's halves are this much too small: e4m3's exponent moved into a half's.
#define F8_PAIR_FACTOR 256.0f

namespace spillway {

template <int ELEMENT> constexpr bool IS_QUANTISED = ELEMENT >= KV_F8;
template <int ELEMENT> constexpr int ELEMENT_BITS = ELEMENT == KV_I4 ? 4 : ELEMENT >= KV_F8 ? 8 : 16;

/** Bytes of the keys, or values, of a head: the offset of its scales. */
template <int ELEMENT> __device__ __forceinline__ long long numberBytes(int headDim, int blockTokens) {
    const long long bytes = static_cast<long long>(headDim) * blockTokens * ELEMENT_BITS<ELEMENT> / 8;
    return IS_QUANTISED<ELEMENT> ? (bytes + 63) / 64 * 64 : bytes;
}

/** The same with scales: the offset of the next head. */
template <int ELEMENT> __device__ __forceinline__ long long headBytes(int headDim, int blockTokens) {
    return numberBytes<ELEMENT>(headDim, blockTokens) + (IS_QUANTISED<ELEMENT> ? (blockTokens * 4 + 63) / 64 * 64 : 0);
}

/** An e4m3 float; NaN reads as 480. */
__device__ __forceinline__ float f8ToFloat(unsigned char bits) {
    return halfToFloat(static_cast<half_bits>((bits & 0x80) << 8 | (bits & 0x7F) << 7)) * F8_PAIR_FACTOR;
}

/** The nearest e4m3 float, ties to even; beyond 448 it is 448. */
__device__ __forceinline__ unsigned char f8FromFloat(float x) {
    const unsigned bits = __float_as_uint(x);
    const unsigned rest = bits & 0x7FFFFFFFu;
    int code;
    if (__uint_as_float(rest) < 0x1p-6f) {
        code = static_cast<int>(__uint_as_float(rest) * 0x1p9f + 12582912.0f - 12582912.0f);
    } else {
        const unsigned rounded = rest + 0x7FFFF + (rest >> 20 & 1);
        code = static_cast<int>(rounded >> 20) - (120 << 3);
        code = code < 0x7E ? code : 0x7E;
    }
    return static_cast<unsigned char>((bits >> 24 & 0x80) | static_cast<unsigned>(code));
}

/** The nearest integer, ties to even; |scaled| <= 127. */
__device__ __forceinline__ signed char roundI8(float scaled) {
    return static_cast<signed char>(static_cast<int>(scaled + 12582912.0f - 12582912.0f));
}

/** The nearest integer to (x - minimum) * inverse, within 0 and 15. */
__device__ __forceinline__ unsigned roundI4(float x, float minimum, float inverse) {
    const float scaled = (x - minimum) * inverse;
    const float low = scaled > 0.0f ? scaled : 0.0f;
    return static_cast<unsigned>((low < 15.0f ? low : 15.0f) + 12582912.0f - 12582912.0f);
}

template <int ELEMENT> __device__ __forceinline__ float numberAt(const unsigned char* head, long long index) {
    if constexpr (ELEMENT == KV_F16) {
        return halfToFloat(reinterpret_cast<const half_bits*>(head)[index]);
    } else if constexpr (ELEMENT == KV_BF16) {
        return bf16ToFloat(reinterpret_cast<const half_bits*>(head)[index]);
    } else if constexpr (ELEMENT == KV_F8) {
        return f8ToFloat(head[index]);
    } else {
        return static_cast<float>(static_cast<signed char>(head[index]));
    }
}

template <int ELEMENT> __device__ __forceinline__ float keyNumber(const unsigned char* head, int blockTokens, int dim, int token) {
    if constexpr (ELEMENT == KV_I4) {
        return static_cast<float>(head[static_cast<long long>(dim / 2) * blockTokens + token] >> (dim % 2 * 4) & 15);
    } else {
        return numberAt<ELEMENT>(head, static_cast<long long>(dim) * blockTokens + token);
    }
}

template <int ELEMENT> __device__ __forceinline__ float valueNumber(const unsigned char* head, int headDim, int token, int dim) {
    if constexpr (ELEMENT == KV_I4) {
        const int half = headDim / 2;
        return static_cast<float>(head[static_cast<long long>(token) * half + dim % half] >> (dim / half * 4) & 15);
    } else {
        return numberAt<ELEMENT>(head, static_cast<long long>(token) * headDim + dim);
    }
}

/** scales: head + numberBytes */
template <int ELEMENT> __device__ __forceinline__ float scaleOf(const unsigned char* scales, int token) {
    if constexpr (ELEMENT == KV_I4) {
        return halfToFloat(reinterpret_cast<const half_bits*>(scales)[token]);
    } else if constexpr (IS_QUANTISED<ELEMENT>) {
        return reinterpret_cast<const float*>(scales)[token];
    } else {
        return 1.0f;
    }
}

template <int ELEMENT> __device__ __forceinline__ float minimumOf(const unsigned char* scales, int blockTokens, int token) {
    return ELEMENT == KV_I4 ? halfToFloat(reinterpret_cast<const half_bits*>(scales)[blockTokens + token]) : 0.0f;
}

/** Numbers of the whole warp; x: [headDim], in any memory. */
template <int ELEMENT> __device__ __forceinline__ void storeNumbers(unsigned char* head, bool isKey, int headDim, int blockTokens, int token,
    const float* x) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const long long first = isKey ? token : static_cast<long long>(token) * headDim;
    const long long stride = isKey ? blockTokens : 1;
    if constexpr (!IS_QUANTISED<ELEMENT>) {
        half_bits* const numbers = reinterpret_cast<half_bits*>(head) + first;
        for (int d = lane; d < headDim; d += 32) {
            numbers[d * stride] = ELEMENT == KV_F16 ? halfFromFloat(x[d]) : __bfloat16_as_ushort(__float2bfloat16_rn(x[d]));
        }
    } else {
        float mine = 0;
        for (int d = lane; d < headDim; d += 32) {
            const float magnitude = x[d] < 0 ? -x[d] : x[d];
            mine = magnitude > mine ? magnitude : mine;
        }
        const float greatest = warpMaximum(mine);
        const float limit = ELEMENT == KV_F8 ? 448.0f : 127.0f;
        const float inverse = greatest < 0x1p-100f ? 0.0f : limit / greatest;
        for (int d = lane; d < headDim; d += 32) {
            const float scaled = x[d] * inverse;
            head[first + d * stride] = ELEMENT == KV_F8 ? f8FromFloat(scaled) : static_cast<unsigned char>(roundI8(scaled));
        }
        if (lane == 0) {
            reinterpret_cast<float*>(head + numberBytes<ELEMENT>(headDim, blockTokens))[token] = greatest / limit;
        }
    }
}

__device__ __forceinline__ void storeNibbles(unsigned char* head, bool isKey, int headDim, int blockTokens, int token, const float* x) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    float most = -INFINITY;
    float negated = -INFINITY;
    for (int d = lane; d < headDim; d += 32) {
        most = x[d] > most ? x[d] : most;
        negated = -x[d] > negated ? -x[d] : negated;
    }
    most = warpMaximum(most);
    const float least = -warpMaximum(negated);
    const half_bits minimum = halfFromFloat(least);
    const float base = halfToFloat(minimum);
    const half_bits scale = halfFromFloat((most - base > 0.0f ? most - base : 0.0f) / 15.0f);
    const float step = halfToFloat(scale);
    const float inverse = step == 0.0f ? 0.0f : 1.0f / step;
    const int half = headDim / 2;
    unsigned char* const first = head + (isKey ? token : static_cast<long long>(token) * half);
    for (int i = lane; i < half; i += 32) {
        const unsigned low = roundI4(x[isKey ? 2 * i : i], base, inverse);
        const unsigned high = roundI4(x[isKey ? 2 * i + 1 : i + half], base, inverse);
        first[i * static_cast<long long>(isKey ? blockTokens : 1)] = static_cast<unsigned char>(high << 4 | low);
    }
    if (lane == 0) {
        half_bits* const scales = reinterpret_cast<half_bits*>(head + numberBytes<KV_I4>(headDim, blockTokens));
        scales[token] = scale;
        scales[blockTokens + token] = minimum;
    }
}

/** A token's keys or values of one head. The whole warp; x: [headDim] finite numbers in shared or device memory. */
template <int ELEMENT> __device__ __forceinline__ void storeToken(unsigned char* head, bool isKey, int headDim, int blockTokens, int token,
    const float* x) {
    if constexpr (ELEMENT == KV_I4) {
        storeNibbles(head, isKey, headDim, blockTokens, token, x);
    } else {
        storeNumbers<ELEMENT>(head, isKey, headDim, blockTokens, token, x);
    }
}

/** Two e4m3 floats, F8_PAIR_FACTOR times too small, in halves. bits: one in the high byte of each 16 bits, the low bytes are ignored */
__device__ __forceinline__ unsigned f8Pair(unsigned bits) {
    return (bits & 0x80008000u) | (bits >> 1 & 0x3F803F80u);
}

/** Two eight-bit integers as halves. bits: the low byte of each 16 bits, the high bytes are 0 */
__device__ __forceinline__ unsigned i8Pair(unsigned bits) {
    // 1024 + (n + 128) is a half whose last bits are that number.
    const unsigned biased = (bits ^ 0x00800080u) | 0x64006400u;
#ifdef SPILLWAY_SHIM
    return halfFromFloat(lowHalf(biased) - 1152.0f) | static_cast<unsigned>(halfFromFloat(highHalf(biased) - 1152.0f)) << 16;
#else
    unsigned pair;
    asm("sub.f16x2 %0, %1, %2;" : "=r"(pair) : "r"(biased), "r"(0x64806480u));
    return pair;
#endif
}

/** Two four-bit integers as halves. bits: the low nibble of each 16 bits, all else is 0 */
__device__ __forceinline__ unsigned i4Pair(unsigned bits) {
    const unsigned biased = bits | 0x64006400u;
#ifdef SPILLWAY_SHIM
    return halfFromFloat(lowHalf(biased) - 1024.0f) | static_cast<unsigned>(halfFromFloat(highHalf(biased) - 1024.0f)) << 16;
#else
    unsigned pair;
    asm("sub.f16x2 %0, %1, %2;" : "=r"(pair) : "r"(biased), "r"(0x64006400u));
    return pair;
#endif
}

} // namespace spillway
