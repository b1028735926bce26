// Kernels whose results are the specification's bits: each element is one fixed sequence of operations.
#pragma once
#include "device.cuh"

/**
 * gate = silu(gate) * up. Rows may lie apart: gate and up of one projection stand side by side then.
 * gate: [rows][gateStride], up: [rows][upStride], both width wide. Grid: x over the row, y rows.
 */
extern "C" __global__ void swi_glu(float* gate, const float* up, int width, int gateStride, int upStride) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * 4;
    float* const g = gate + static_cast<size_t>(blockIdx.y) * gateStride;
    const float* const u = up + static_cast<size_t>(blockIdx.y) * upStride;
    if (i + 3 < width && spillway::isAligned(g, 16) && spillway::isAligned(u, 16)) {
        float4 a = *reinterpret_cast<const float4*>(g + i);
        const float4 b = *reinterpret_cast<const float4*>(u + i);
        a.x = a.x / (1.0f + spillway::expOf(-a.x)) * b.x;
        a.y = a.y / (1.0f + spillway::expOf(-a.y)) * b.y;
        a.z = a.z / (1.0f + spillway::expOf(-a.z)) * b.z;
        a.w = a.w / (1.0f + spillway::expOf(-a.w)) * b.w;
        *reinterpret_cast<float4*>(g + i) = a;
        return;
    }
    for (int k = i; k < width && k < i + 4; k++) {
        g[k] = g[k] / (1.0f + spillway::expOf(-g[k])) * u[k];
    }
}
KERNEL(swi_glu)

/** The row of a token in a matrix of 16 interleaved rows: f16 (bf16 where isBf16), as PackedMatrix lays it out. Grid: x columns, y rows. */
extern "C" __global__ void embed_halves(const unsigned short* matrix, const int* tokens, float* out, int columns, int isBf16) {
    const int column = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (column >= columns) {
        return;
    }
    const int token = tokens[blockIdx.y];
    const unsigned short bits = matrix[(static_cast<size_t>(token / 16) * columns + column) * 16 + token % 16];
    out[static_cast<size_t>(blockIdx.y) * columns + column] = isBf16 ? spillway::bf16ToFloat(bits) : spillway::halfToFloat(bits);
}
KERNEL(embed_halves)

/** The same of Q8_0: blocks of 32 columns, [8][16 rows][4 columns] bytes, then 16 f16 scales. */
extern "C" __global__ void embed_q8_0(const unsigned char* matrix, const int* tokens, float* out, int columns) {
    const int column = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (column >= columns) {
        return;
    }
    const int token = tokens[blockIdx.y];
    const unsigned char* const block = matrix + (static_cast<size_t>(token / 16) * (columns / 32) + column / 32) * 544;
    const int number = static_cast<signed char>(block[column % 32 / 4 * 64 + token % 16 * 4 + column % 4]);
    const float scale = spillway::halfToFloat(reinterpret_cast<const unsigned short*>(block + 512)[token % 16]);
    out[static_cast<size_t>(blockIdx.y) * columns + column] = static_cast<float>(number) * scale;
}
KERNEL(embed_q8_0)

/**
 * Many pieces of memory in one launch: gathers blocks of the cache into one place, or scatters them. Piece p of `bytes` goes from
 * source + sourceOffsets[p] to target + targetOffsets[p]; pieces do not overlap. Grid: x shares of a piece, y pieces.
 */
extern "C" __global__ void copy_pieces(const unsigned char* source, const long long* sourceOffsets, unsigned char* target,
    const long long* targetOffsets, long long bytes) {
    const unsigned char* const from = source + sourceOffsets[blockIdx.y];
    unsigned char* const to = target + targetOffsets[blockIdx.y];
    const long long thread = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    const long long threads = static_cast<long long>(gridDim.x) * blockDim.x;
    long long done = 0;
    if (spillway::isAligned(from, 16) && spillway::isAligned(to, 16)) {
        for (long long i = thread; i < bytes / 16; i += threads) {
            reinterpret_cast<uint4*>(to)[i] = reinterpret_cast<const uint4*>(from)[i];
        }
        done = bytes / 16 * 16;
    }
    for (long long i = done + thread; i < bytes; i += threads) {
        to[i] = from[i];
    }
}
KERNEL(copy_pieces)
