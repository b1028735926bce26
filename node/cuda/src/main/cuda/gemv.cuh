// Products of a packed matrix with a few rows of activations. A block takes a panel of 16 outputs and reads it once, whole lines at a
// time, for up to ROWS_MAX rows; its warps take the columns in turn and are summed in a fixed order. An output's sums do not depend
// on how many rows there are. Another order than the specification's: tolerance, not bits.
#pragma once
#include "device.cuh"

#define GEMV_WARPS 8
#define GEMV_THREADS (GEMV_WARPS * 32)
#define ROWS_MAX 4

namespace spillway {

/** Adds up the warps' results, [warp][row][16 outputs], and writes them. */
__device__ __forceinline__ void writePanel(const float* sums, float* out, int firstRow, int rows, int panel, int outputs, int outStride) {
    for (int i = static_cast<int>(threadIdx.x); i < rows * 16; i += GEMV_THREADS) {
        const int output = panel * 16 + i % 16;
        if (output < outputs) {
            float sum = 0;
            for (int w = 0; w < GEMV_WARPS; w++) {
                sum += sums[w * ROWS_MAX * 16 + i];
            }
            out[static_cast<size_t>(firstRow + i / 16) * outStride + output] = sum;
        }
    }
}

} // namespace spillway

/**
 * f16 weights (bf16 where isBf16), [panel][column][16 outputs], by f32 activations. Grid: x panels, y groups of ROWS_MAX rows.
 * A lane reads 8 outputs of one column: a warp reads 512 neighbouring bytes.
 * in: [rows][inStride]; out: [rows][outStride]
 */
extern "C" __global__ void __launch_bounds__(GEMV_THREADS) gemv_halves(const unsigned short* matrix, const float* in, float* out, int rows,
    int outputs, int columns, int inStride, int outStride, int isBf16) {
    SHARED(float, sums, GEMV_WARPS * ROWS_MAX * 16);
    const int panel = static_cast<int>(blockIdx.x);
    const int firstRow = static_cast<int>(blockIdx.y) * ROWS_MAX;
    const int count = rows - firstRow < ROWS_MAX ? rows - firstRow : ROWS_MAX;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const uint4* const weights = reinterpret_cast<const uint4*>(matrix + static_cast<size_t>(panel) * columns * 16);
    float acc[ROWS_MAX][8];
    for (int r = 0; r < ROWS_MAX; r++) {
        for (int i = 0; i < 8; i++) {
            acc[r][i] = 0;
        }
    }
    for (int column = warp * 16 + lane / 2; column < columns; column += GEMV_WARPS * 16) {
        const uint4 eight = weights[static_cast<size_t>(column) * 2 + lane % 2];
        const unsigned pairs[4] = {eight.x, eight.y, eight.z, eight.w};
        float w[8];
        for (int i = 0; i < 4; i++) {
            w[2 * i] = isBf16 ? spillway::bf16ToFloat(static_cast<unsigned short>(pairs[i] & 0xFFFF)) : spillway::lowHalf(pairs[i]);
            w[2 * i + 1] = isBf16 ? spillway::bf16ToFloat(static_cast<unsigned short>(pairs[i] >> 16)) : spillway::highHalf(pairs[i]);
        }
        for (int r = 0; r < ROWS_MAX; r++) {
            if (r < count) {
                const float x = in[static_cast<size_t>(firstRow + r) * inStride + column];
                for (int i = 0; i < 8; i++) {
                    acc[r][i] = fmaf(x, w[i], acc[r][i]);
                }
            }
        }
    }
    for (int r = 0; r < ROWS_MAX; r++) {
        if (r < count) { // the same for every thread
            for (int i = 0; i < 8; i++) {
                float sum = acc[r][i];
                for (int lanes = 16; lanes > 1; lanes /= 2) { // lanes of one parity hold the same outputs
                    sum += __shfl_xor_sync(FULL_WARP, sum, lanes);
                }
                if (lane < 2) {
                    sums[(warp * ROWS_MAX + r) * 16 + lane * 8 + i] = sum;
                }
            }
        }
    }
    __syncthreads();
    spillway::writePanel(sums, out, firstRow, count, panel, outputs, outStride);
}
KERNEL(gemv_halves)

/**
 * Rounds activations to eight bits, 32 at a time: the specification's bits. A warp a group. Grid: x groups of columns over the block's
 * warps, y rows. in: [rows][inStride]; rounded: [rows][columns]; scales: [rows][columns / 32]
 */
extern "C" __global__ void round_activations(const float* in, signed char* rounded, float* scales, int columns, int inStride) {
    const int group = static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) / 32);
    if (group >= columns / 32) {
        return; // the whole warp
    }
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const float x = in[static_cast<size_t>(blockIdx.y) * inStride + group * 32 + lane];
    const float greatest = spillway::warpMaximum(x < 0 ? -x : x);
    const float inverse = greatest == 0 ? 0 : 127.0f / greatest;
    rounded[static_cast<size_t>(blockIdx.y) * columns + group * 32 + lane] =
        static_cast<signed char>(static_cast<int>(x * inverse + 12582912.0f - 12582912.0f));
    if (lane == 0) {
        scales[static_cast<size_t>(blockIdx.y) * (columns / 32) + group] = greatest / 127.0f;
    }
}
KERNEL(round_activations)

/**
 * Q8_0 weights by rounded activations. A block of 32 columns by 16 outputs is 512 bytes of numbers, which a warp reads at once (a
 * lane: 4 outputs by 4 columns), and 16 f16 scales. Products of integers are exact. Grid: x panels, y groups of ROWS_MAX rows.
 * rounded: [rows][columns]; scales: [rows][columns / 32]; out: [rows][outStride]
 */
extern "C" __global__ void __launch_bounds__(GEMV_THREADS) gemv_q8_0(const unsigned char* matrix, const signed char* rounded, const float* scales,
    float* out, int rows, int outputs, int columns, int outStride) {
    SHARED(float, sums, GEMV_WARPS * ROWS_MAX * 16);
    const int panel = static_cast<int>(blockIdx.x);
    const int firstRow = static_cast<int>(blockIdx.y) * ROWS_MAX;
    const int count = rows - firstRow < ROWS_MAX ? rows - firstRow : ROWS_MAX;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int blocks = columns / 32;
    const unsigned char* const weights = matrix + static_cast<size_t>(panel) * blocks * 544;
    float acc[ROWS_MAX][4];
    for (int r = 0; r < ROWS_MAX; r++) {
        for (int i = 0; i < 4; i++) {
            acc[r][i] = 0;
        }
    }
    for (int block = warp; block < blocks; block += GEMV_WARPS) {
        const unsigned char* const at = weights + static_cast<size_t>(block) * 544;
        const uint4 numbers = reinterpret_cast<const uint4*>(at)[lane];
        const unsigned* const two = reinterpret_cast<const unsigned*>(at + 512) + lane % 4 * 2;
        const unsigned low = two[0];
        const unsigned high = two[1];
        for (int r = 0; r < ROWS_MAX; r++) {
            if (r < count) {
                const size_t row = firstRow + r;
                const int x = reinterpret_cast<const int*>(rounded + row * columns + block * 32)[lane / 4];
                const float scale = scales[row * blocks + block];
                acc[r][0] = fmaf(static_cast<float>(__dp4a(static_cast<int>(numbers.x), x, 0)), spillway::lowHalf(low) * scale, acc[r][0]);
                acc[r][1] = fmaf(static_cast<float>(__dp4a(static_cast<int>(numbers.y), x, 0)), spillway::highHalf(low) * scale, acc[r][1]);
                acc[r][2] = fmaf(static_cast<float>(__dp4a(static_cast<int>(numbers.z), x, 0)), spillway::lowHalf(high) * scale, acc[r][2]);
                acc[r][3] = fmaf(static_cast<float>(__dp4a(static_cast<int>(numbers.w), x, 0)), spillway::highHalf(high) * scale, acc[r][3]);
            }
        }
    }
    for (int r = 0; r < ROWS_MAX; r++) {
        if (r < count) { // the same for every thread
            for (int i = 0; i < 4; i++) {
                float sum = acc[r][i];
                for (int lanes = 16; lanes > 2; lanes /= 2) { // lanes of one remainder by 4 hold the same outputs
                    sum += __shfl_xor_sync(FULL_WARP, sum, lanes);
                }
                if (lane < 4) {
                    sums[(warp * ROWS_MAX + r) * 16 + lane * 4 + i] = sum;
                }
            }
        }
    }
    __syncthreads();
    spillway::writePanel(sums, out, firstRow, count, panel, outputs, outStride);
}
KERNEL(gemv_q8_0)
