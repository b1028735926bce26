// The packed formats, as PackedMatrix lays them out: 16 outputs interleaved. A part is 32 columns of a panel. For the tensor cores a
// lane 4 * g + t holds outputs 2g and 2g + 1 (rows g and g + 8 of the fragments), columns 4t ... and 16 + 4t ...
#pragma once
#include "integers.cuh"

// node.compute.DType, in its order
#define PACKED_F8 3
#define PACKED_Q8_0 4
#define PACKED_Q4_0 5
#define PACKED_Q4_K 6
#define PACKED_Q4_M 7
#define PACKED_Q8_G 8
#define PACKED_Q8_M 9
#define PACKED_Q6_K 10

namespace spillway {

/** Facts of a format. groups: of columns with a scale of their own in a part; zero: what is subtracted from stored integers. */
template <int FORMAT> struct Packed {
    static constexpr bool isSuper = FORMAT == PACKED_Q4_K || FORMAT == PACKED_Q6_K; // 8 parts a block
    static constexpr bool isNibbles = FORMAT == PACKED_Q4_0 || FORMAT == PACKED_Q4_K || FORMAT == PACKED_Q4_M || FORMAT == PACKED_Q6_K;
    static constexpr bool hasMinimum = FORMAT == PACKED_Q4_K || FORMAT == PACKED_Q4_M || FORMAT == PACKED_Q8_M;
    static constexpr int groups = FORMAT == PACKED_Q8_G || FORMAT == PACKED_Q8_M || FORMAT == PACKED_Q6_K ? 2 : 1;
    static constexpr int zero = FORMAT == PACKED_Q4_0 ? 8 : FORMAT == PACKED_Q6_K ? 32 : 0;
    static constexpr int blockBytes = FORMAT == PACKED_Q8_0 ? 544 : FORMAT == PACKED_Q4_0 ? 288 : FORMAT == PACKED_Q4_K ? 2368
        : FORMAT == PACKED_Q4_M ? 384 : FORMAT == PACKED_Q8_G ? 640 : FORMAT == PACKED_Q8_M ? 768 : FORMAT == PACKED_Q6_K ? 3360 : 576;
    static constexpr int headBytes = FORMAT == PACKED_Q4_K ? 64 : FORMAT == PACKED_Q6_K ? 32 : 0; // before the first part
    static constexpr int partBytes = FORMAT == PACKED_Q4_K ? 288 : FORMAT == PACKED_Q6_K ? 416 : blockBytes;
    static constexpr int numberBytes = isNibbles ? 256 : 512;

    /** The block that holds a part, of a panel. */
    static __device__ __forceinline__ const unsigned char* block(const unsigned char* panel, int part) {
        return panel + static_cast<size_t>(isSuper ? part / 8 : part) * blockBytes;
    }

    static __device__ __forceinline__ const unsigned char* part(const unsigned char* block, int part) {
        return block + (isSuper ? headBytes + part % 8 * partBytes : 0);
    }

    /** Bytes of a panel. */
    static __device__ __forceinline__ size_t panelBytes(int columns) {
        return static_cast<size_t>(columns / (isSuper ? 256 : 32)) * blockBytes;
    }

    /** What the integers of an output are multiplied by; group: of the part. */
    static __device__ __forceinline__ float scale(const unsigned char* block, const unsigned char* part, int output, int group) {
        const unsigned char* const behind = part + numberBytes;
        if constexpr (FORMAT == PACKED_Q8_0 || FORMAT == PACKED_Q4_0) {
            return halfToFloat(reinterpret_cast<const half_bits*>(behind)[output]);
        } else if constexpr (FORMAT == PACKED_Q4_K) {
            return halfToFloat(reinterpret_cast<const half_bits*>(block)[output]) * static_cast<float>(behind[output]);
        } else if constexpr (FORMAT == PACKED_Q6_K) {
            return halfToFloat(reinterpret_cast<const half_bits*>(block)[output])
                * static_cast<float>(reinterpret_cast<const signed char*>(behind)[128 + group * 16 + output]);
        } else {
            return reinterpret_cast<const float*>(behind)[group * 16 + output];
        }
    }

    /** What is subtracted from the scaled integers of an output. */
    static __device__ __forceinline__ float minimum(const unsigned char* block, const unsigned char* part, int output, int group) {
        const unsigned char* const behind = part + numberBytes;
        if constexpr (FORMAT == PACKED_Q4_K) {
            return halfToFloat(reinterpret_cast<const half_bits*>(block)[16 + output]) * static_cast<float>(behind[16 + output]);
        } else if constexpr (FORMAT == PACKED_Q4_M) {
            return reinterpret_cast<const float*>(behind)[16 + output];
        } else if constexpr (FORMAT == PACKED_Q8_M) {
            return reinterpret_cast<const float*>(behind)[(2 + group) * 16 + output];
        } else {
            return 0;
        }
    }

    /** Scales of the lane's two outputs, 2g and 2g + 1, and their minima. */
    static __device__ __forceinline__ void factors(const unsigned char* block, const unsigned char* part, int g, int group, float* scales,
        float* minima) {
        const unsigned char* const behind = part + numberBytes;
        if constexpr (FORMAT == PACKED_Q8_0 || FORMAT == PACKED_Q4_0) {
            const unsigned two = reinterpret_cast<const unsigned*>(behind)[g];
            scales[0] = lowHalf(two);
            scales[1] = highHalf(two);
        } else if constexpr (FORMAT == PACKED_Q4_K) {
            const unsigned d = reinterpret_cast<const unsigned*>(block)[g];
            const unsigned least = reinterpret_cast<const unsigned*>(block)[8 + g];
            const unsigned two = reinterpret_cast<const unsigned short*>(behind)[g];
            const unsigned twoMinima = reinterpret_cast<const unsigned short*>(behind)[8 + g];
            scales[0] = lowHalf(d) * static_cast<float>(two & 255);
            scales[1] = highHalf(d) * static_cast<float>(two >> 8);
            minima[0] = lowHalf(least) * static_cast<float>(twoMinima & 255);
            minima[1] = highHalf(least) * static_cast<float>(twoMinima >> 8);
        } else if constexpr (FORMAT == PACKED_Q6_K) {
            const unsigned d = reinterpret_cast<const unsigned*>(block)[g];
            const unsigned two = reinterpret_cast<const unsigned short*>(behind + 128)[group * 8 + g];
            scales[0] = lowHalf(d) * static_cast<float>(static_cast<signed char>(two & 255));
            scales[1] = highHalf(d) * static_cast<float>(static_cast<signed char>(two >> 8));
        } else {
            const float2 two = reinterpret_cast<const float2*>(behind)[group * 8 + g];
            scales[0] = two.x;
            scales[1] = two.y;
            if constexpr (hasMinimum) {
                const float2 twoMinima = reinterpret_cast<const float2*>(behind)[(groups + group) * 8 + g];
                minima[0] = twoMinima.x;
                minima[1] = twoMinima.y;
            }
        }
    }

    /** Stored integers of the lane's two outputs, as the fragments want them. a: 4 */
    static __device__ __forceinline__ void fragments(const unsigned char* part, int g, int t, unsigned* a) {
        const uint2 low = reinterpret_cast<const uint2*>(part)[t * 8 + g];
        if constexpr (!isNibbles) {
            const uint2 high = reinterpret_cast<const uint2*>(part)[(t + 4) * 8 + g];
            a[0] = low.x;
            a[1] = low.y;
            a[2] = high.x;
            a[3] = high.y;
        } else {
            a[0] = low.x & 0x0F0F0F0Fu;
            a[1] = low.y & 0x0F0F0F0Fu;
            a[2] = low.x >> 4 & 0x0F0F0F0Fu;
            a[3] = low.y >> 4 & 0x0F0F0F0Fu;
        }
        if constexpr (FORMAT == PACKED_Q6_K) {
            const uint2 first = reinterpret_cast<const uint2*>(part + 256)[g];
            const uint2 second = reinterpret_cast<const uint2*>(part + 256)[8 + g];
            a[0] |= (first.x >> 2 * t & 0x03030303u) << 4;
            a[1] |= (first.y >> 2 * t & 0x03030303u) << 4;
            a[2] |= (second.x >> 2 * t & 0x03030303u) << 4;
            a[3] |= (second.y >> 2 * t & 0x03030303u) << 4;
        }
    }

    /** One stored integer; column: of the part. */
    static __device__ __forceinline__ int integer(const unsigned char* part, int output, int column) {
        if constexpr (!isNibbles) {
            return reinterpret_cast<const signed char*>(part)[column / 4 * 64 + output * 4 + column % 4];
        } else {
            const int both = part[column % 16 / 4 * 64 + output * 4 + column % 4];
            int value = column < 16 ? both & 15 : both >> 4;
            if constexpr (FORMAT == PACKED_Q6_K) {
                value |= (part[256 + column / 16 * 64 + output * 4 + column % 4] >> column % 16 / 4 * 2 & 3) << 4;
            }
            return value - zero;
        }
    }

    /** The specification's value, its bits; column: of the part. */
    static __device__ __forceinline__ float value(const unsigned char* block, const unsigned char* part, int output, int column) {
        const int group = groups == 2 ? column / 16 : 0;
        const float scaled = static_cast<float>(integer(part, output, column)) * scale(block, part, output, group);
        return hasMinimum ? scaled - minimum(block, part, output, group) : scaled;
    }
};

/** Eight-bit floats (e4m3): [32 columns][16 outputs], then [16] f32 scales. */
template <> struct Packed<PACKED_F8> {
    static constexpr bool isSuper = false;
    static constexpr int blockBytes = 576;

    static __device__ __forceinline__ const unsigned char* block(const unsigned char* panel, int part) {
        return panel + static_cast<size_t>(part) * blockBytes;
    }

    static __device__ __forceinline__ const unsigned char* part(const unsigned char* block, int) {
        return block;
    }

    static __device__ __forceinline__ size_t panelBytes(int columns) {
        return static_cast<size_t>(columns / 32) * blockBytes;
    }

    static __device__ __forceinline__ float scale(const unsigned char* part, int output) {
        return reinterpret_cast<const float*>(part + 512)[output];
    }

    /** An e4m3 float is a half 2^8 times too small, once its bits are moved. NaNs read as 480, as the specification says. */
    static __device__ __forceinline__ float number(unsigned byte) {
        return halfToFloat(static_cast<half_bits>((byte & 0x80) << 8 | (byte & 0x7F) << 7)) * 256.0f;
    }

    static __device__ __forceinline__ float value(const unsigned char*, const unsigned char* part, int output, int column) {
        return number(part[column * 16 + output]) * scale(part, output);
    }
};

} // namespace spillway
