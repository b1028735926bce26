// Rows of the embedding as the residual stream begins: the specification's bits, times a scale. A token that is none (negative, or not
// of the vocabulary) gives zeros: rows that only fill a bucket go on as finite numbers.
#pragma once
#include "halves.cuh"
#include "kv.cuh"

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

__device__ __forceinline__ float halfAt(const unsigned char* at) {
    return halfToFloat(*reinterpret_cast<const half_bits*>(at));
}

__device__ __forceinline__ float floatAt(const unsigned char* at) {
    return *reinterpret_cast<const float*>(at);
}

__device__ __forceinline__ int signedByte(unsigned four, int i) {
    return static_cast<signed char>(four >> (8 * i) & 0xFF);
}

/** Four bytes of neighbouring columns, of a quad of a lane. */
__device__ __forceinline__ unsigned quadAt(const unsigned char* part, int quad, int lane) {
    return *reinterpret_cast<const unsigned*>(part + quad * 64 + lane * 4);
}

/** Nibbles of four neighbouring columns, a byte each: quads 0 to 3 are low, 4 to 7 high. */
__device__ __forceinline__ unsigned nibblesAt(const unsigned char* part, int quad, int lane) {
    return quadAt(part, quad % 4, lane) >> (quad / 4 * 4) & 0x0F0F0F0Fu;
}

/** x[4]: columns column to column + 3 (a multiple of four) of a packed row. panel: 16 rows; lane: the row among them */
__device__ __forceinline__ void readPacked(int dtype, const unsigned char* panel, int lane, int column, float* x) {
    const int quad = column % 32 / 4;
    const int group = column % 32 / 16;
    float scale = 0;
    float minimum = 0;
    unsigned four = 0;
    int zero = 0;
    switch (dtype) {
    case PACKED_F8: {
        const unsigned char* const block = panel + static_cast<size_t>(column / 32) * 576;
        for (int i = 0; i < 4; i++) {
            x[i] = f8ToFloat(block[(column % 32 + i) * 16 + lane]) * floatAt(block + 512 + lane * 4);
        }
        return;
    }
    case PACKED_Q8_0:
    case PACKED_Q8_G:
    case PACKED_Q8_M: {
        const int blockBytes = dtype == PACKED_Q8_0 ? 544 : dtype == PACKED_Q8_G ? 640 : 768;
        const unsigned char* const block = panel + static_cast<size_t>(column / 32) * blockBytes;
        scale = dtype == PACKED_Q8_0 ? halfAt(block + 512 + lane * 2) : floatAt(block + 512 + group * 64 + lane * 4);
        minimum = dtype == PACKED_Q8_M ? floatAt(block + 640 + group * 64 + lane * 4) : 0;
        four = quadAt(block, quad, lane);
        for (int i = 0; i < 4; i++) {
            const float value = static_cast<float>(signedByte(four, i)) * scale;
            x[i] = dtype == PACKED_Q8_M ? value - minimum : value;
        }
        return;
    }
    case PACKED_Q4_0: {
        const unsigned char* const block = panel + static_cast<size_t>(column / 32) * 288;
        four = nibblesAt(block, quad, lane);
        scale = halfAt(block + 256 + lane * 2);
        zero = 8;
        break;
    }
    case PACKED_Q4_K: {
        const unsigned char* const block = panel + static_cast<size_t>(column / 256) * 2368;
        const unsigned char* const part = block + 64 + column % 256 / 32 * 288;
        four = nibblesAt(part, quad, lane);
        scale = halfAt(block + lane * 2) * static_cast<float>(part[256 + lane]);
        minimum = halfAt(block + 32 + lane * 2) * static_cast<float>(part[272 + lane]);
        break;
    }
    case PACKED_Q4_M: {
        const unsigned char* const block = panel + static_cast<size_t>(column / 32) * 384;
        four = nibblesAt(block, quad, lane);
        scale = floatAt(block + 256 + lane * 4);
        minimum = floatAt(block + 320 + lane * 4);
        break;
    }
    default: { // Q6_K
        const unsigned char* const block = panel + static_cast<size_t>(column / 256) * 3360;
        const unsigned char* const part = block + 32 + column % 256 / 32 * 416;
        const unsigned pairs = quadAt(part + 256, quad / 4, lane) >> (quad % 4 * 2) & 0x03030303u;
        four = nibblesAt(part, quad, lane) | pairs << 4;
        scale = halfAt(block + lane * 2) * static_cast<float>(static_cast<signed char>(part[384 + group * 16 + lane]));
        zero = 32;
    }
    }
    for (int i = 0; i < 4; i++) {
        const float value = static_cast<float>(signedByte(four, i) - zero) * scale;
        x[i] = dtype == PACKED_Q4_K || dtype == PACKED_Q4_M ? value - minimum : value;
    }
}

} // namespace spillway

/**
 * out[r] = matrix[tokens[r]] * scale, of a row-major matrix of halves. matrix: [vocabulary][stride], out: [rows][columns] f32
 * Grid: x eights of a row, y rows
 */
extern "C" __global__ void embed_rows(const unsigned short* matrix, const int* tokens, float* out, int columns, int stride, int vocabulary,
    float scale, int kind) {
    spillway::awaitPrevious();
    spillway::launchDependents();
    const int first = static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) * 8);
    const int token = tokens[blockIdx.y];
    const bool isToken = token >= 0 && token < vocabulary;
    const unsigned short* const row = matrix + static_cast<size_t>(isToken ? token : 0) * stride;
    float* const to = out + static_cast<size_t>(blockIdx.y) * columns;
    if (first + 8 <= columns && spillway::isAligned(row, 16) && spillway::isAligned(to, 16)) {
        float v[8] = {};
        if (isToken) {
            spillway::readEight(row, first, kind, v);
        }
        UNROLL
        for (int i = 0; i < 8; i++) {
            v[i] *= scale;
        }
        spillway::writeEight(to, first, KIND_F32, v);
        return;
    }
    for (int i = first; i < columns && i < first + 8; i++) {
        to[i] = isToken ? spillway::fromHalf(row[i], kind) * scale : 0.0f;
    }
}
KERNEL(embed_rows)

/** The same of a packed matrix of a quantised format. Grid: x fours of a row, y rows */
extern "C" __global__ void embed_packed(const unsigned char* matrix, const int* tokens, float* out, int columns, long long panelBytes,
    int vocabulary, float scale, int dtype) {
    spillway::awaitPrevious();
    spillway::launchDependents();
    const int column = static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) * 4);
    if (column >= columns) {
        return;
    }
    const int token = tokens[blockIdx.y];
    float v[4] = {0, 0, 0, 0};
    if (token >= 0 && token < vocabulary) {
        spillway::readPacked(dtype, matrix + token / 16 * panelBytes, token % 16, column, v);
    }
    // Rows of quantised formats are whole 32s: aligned where the first is.
    *reinterpret_cast<float4*>(out + static_cast<size_t>(blockIdx.y) * columns + column) = {v[0] * scale, v[1] * scale, v[2] * scale, v[3] * scale};
}
KERNEL(embed_packed)
