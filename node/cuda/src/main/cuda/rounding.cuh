// Around packed matrices: activations rounded to eight bits, and matrices expanded to halves.
#pragma once
#include "gemv_packed.cuh"

/**
 * Rounds activations to eight bits, 32 at a time: the specification's bits. A thread takes 4 columns, 8 threads a block of 32. Grid: x
 * over the columns, y rows. in: [rows][inStride] halves; out: [rows][columns / 32]
 */
extern "C" __global__ void __launch_bounds__(256) round_activations(const unsigned short* in, spillway::RoundedBlock* out, int columns, int inStride,
    int isBf16) {
    spillway::launchDependents();
    spillway::awaitPrevious();
    const int word = static_cast<int>(blockIdx.x * 256 + threadIdx.x);
    const bool isThere = word * 4 < columns; // the same for 8 threads
    float x[4] = {0, 0, 0, 0};
    if (isThere) {
        const uint2 four = *reinterpret_cast<const uint2*>(in + static_cast<size_t>(blockIdx.y) * inStride + word * 4);
        const unsigned pairs[2] = {four.x, four.y};
        for (int i = 0; i < 2; i++) {
            x[2 * i] = isBf16 ? spillway::lowOf<KIND_BF16>(pairs[i]) : spillway::lowOf<KIND_F16>(pairs[i]);
            x[2 * i + 1] = isBf16 ? spillway::highOf<KIND_BF16>(pairs[i]) : spillway::highOf<KIND_F16>(pairs[i]);
        }
    }
    float greatest = 0;
    for (int i = 0; i < 4; i++) {
        const float magnitude = x[i] < 0 ? -x[i] : x[i];
        greatest = magnitude <= greatest ? greatest : magnitude; // NaN stays
    }
    for (int lanes = 1; lanes < 8; lanes *= 2) {
        const float other = __shfl_xor_sync(FULL_WARP, greatest, lanes);
        greatest = other <= greatest || greatest != greatest ? greatest : other;
    }
    const float inverse = greatest == 0 ? 0 : 127.0f / greatest;
    unsigned numbers = 0;
    int sum = 0;
    for (int i = 0; i < 4; i++) {
        const int number = static_cast<signed char>(static_cast<int>(x[i] * inverse + 12582912.0f - 12582912.0f));
        numbers |= static_cast<unsigned>(number & 255) << (8 * i);
        sum += number;
    }
    sum += __shfl_xor_sync(FULL_WARP, sum, 1);
    sum += __shfl_xor_sync(FULL_WARP, sum, 2);
    const int others = __shfl_xor_sync(FULL_WARP, sum, 4);
    if (!isThere) {
        return;
    }
    spillway::RoundedBlock* const block = out + static_cast<size_t>(blockIdx.y) * (columns / 32) + word / 8;
    const int quad = word % 8;
    reinterpret_cast<unsigned*>(block->numbers)[quad % 4 * 2 + quad / 4] = numbers;
    if (quad == 0) {
        block->factors = {greatest / 127.0f, static_cast<float>(sum), static_cast<float>(others), 0};
    }
}
KERNEL(round_activations)

namespace spillway {

template <int FORMAT> __device__ __forceinline__ float packedValue(const unsigned char* panel, int output, int column) {
    const unsigned char* const block = Packed<FORMAT>::block(panel, column / 32);
    return Packed<FORMAT>::value(block, Packed<FORMAT>::part(block, column / 32), output, column % 32);
}

template <int FORMAT> __device__ __forceinline__ void expand(const unsigned char* matrix, half_bits* out, int rows, int columns, int isBf16) {
    const int column = static_cast<int>(blockIdx.x * 32 + threadIdx.x % 32) * 8;
    if (column >= columns) {
        return;
    }
    const unsigned char* const panel = matrix + blockIdx.y * Packed<FORMAT>::panelBytes(columns);
    for (int output = static_cast<int>(threadIdx.x) / 32; output < 16; output += 8) {
        const int row = static_cast<int>(blockIdx.y) * 16 + output;
        if (row < rows) {
            unsigned pairs[4];
            UNROLL for (int i = 0; i < 4; i++) {
                const float low = packedValue<FORMAT>(panel, output, column + 2 * i);
                const float high = packedValue<FORMAT>(panel, output, column + 2 * i + 1);
                pairs[i] = isBf16 ? pairOf<KIND_BF16>(low, high) : pairOf<KIND_F16>(low, high);
            }
            *reinterpret_cast<uint4*>(out + static_cast<size_t>(row) * columns + column) = {pairs[0], pairs[1], pairs[2], pairs[3]};
        }
    }
}

} // namespace spillway

/** A packed matrix as halves, row after row: its values, rounded. Grid: x 256 columns, y panels; block: 256. out: [rows][columns] */
extern "C" __global__ void __launch_bounds__(256) expand_packed(const unsigned char* matrix, unsigned short* out, int format, int rows, int columns,
    int isBf16) {
    spillway::launchDependents();
    spillway::awaitPrevious();
    switch (format) {
        case PACKED_Q8_0: spillway::expand<PACKED_Q8_0>(matrix, out, rows, columns, isBf16); break;
        case PACKED_Q4_0: spillway::expand<PACKED_Q4_0>(matrix, out, rows, columns, isBf16); break;
        case PACKED_Q4_K: spillway::expand<PACKED_Q4_K>(matrix, out, rows, columns, isBf16); break;
        case PACKED_Q4_M: spillway::expand<PACKED_Q4_M>(matrix, out, rows, columns, isBf16); break;
        case PACKED_Q8_G: spillway::expand<PACKED_Q8_G>(matrix, out, rows, columns, isBf16); break;
        case PACKED_Q8_M: spillway::expand<PACKED_Q8_M>(matrix, out, rows, columns, isBf16); break;
        case PACKED_Q6_K: spillway::expand<PACKED_Q6_K>(matrix, out, rows, columns, isBf16); break;
        default: spillway::expand<PACKED_F8>(matrix, out, rows, columns, isBf16); break;
    }
}
KERNEL(expand_packed)
