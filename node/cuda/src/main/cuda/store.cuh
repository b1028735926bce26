// From the projection of a row to its rotated query and its place in the cache. The specification's bits.
#pragma once
#include "device.cuh"

/**
 * Splits rows of queries | keys | values, rotates queries and keys, and writes keys and values to the paged f16 cache.
 * Grid: x rows, y heads + 2 * kvHeads; threads stride over the head. Pairs are (i, i + half); dimensions from 2 * half on stay.
 *
 * qkv: [rows][(heads + 2 * kvHeads) * headDim]; cosines, sines: [rows][half]; queries: [rows][heads * headDim]
 * positions, sequences: [rows]; tables: [sequences][tableStride], the block of each blockTokens positions
 * slab: block b at b * blockBytes; layerOffset: bytes from there to the layer; K [headDim][blockTokens] of every head, then V
 * [blockTokens][headDim]
 */
extern "C" __global__ void rotate_split_store(const float* qkv, const float* cosines, const float* sines, float* queries,
    const int* positions, const int* sequences, const int* tables, unsigned char* slab, long long blockBytes, long long layerOffset,
    int heads, int kvHeads, int headDim, int half, int blockTokens, int tableStride) {
    const int row = static_cast<int>(blockIdx.x);
    const int head = static_cast<int>(blockIdx.y);
    const float* const in = qkv + (static_cast<size_t>(row) * (heads + 2 * kvHeads) + head) * headDim;
    const int position = positions[row];
    const long long block = tables[static_cast<size_t>(sequences[row]) * tableStride + position / blockTokens];
    const int token = position % blockTokens;
    unsigned short* const layer = reinterpret_cast<unsigned short*>(slab + block * blockBytes + layerOffset);
    const bool isQuery = head < heads;
    const bool isKey = !isQuery && head < heads + kvHeads;
    float* const query = queries + (static_cast<size_t>(row) * heads + head) * headDim;
    unsigned short* const stored = layer + static_cast<size_t>(isQuery ? 0 : head - heads) * headDim * blockTokens;
    for (int d = static_cast<int>(threadIdx.x); d < headDim; d += static_cast<int>(blockDim.x)) {
        float x = in[d];
        if ((isQuery || isKey) && d < 2 * half) {
            const int i = d < half ? d : d - half;
            const float cosine = cosines[static_cast<size_t>(row) * half + i];
            const float sine = sines[static_cast<size_t>(row) * half + i];
            const float other = in[d < half ? d + half : d - half];
            x = d < half ? fmaf(x, cosine, -(other * sine)) : fmaf(x, cosine, other * sine);
        }
        if (isQuery) {
            query[d] = x;
        } else {
            stored[isKey ? static_cast<size_t>(d) * blockTokens + token : static_cast<size_t>(token) * headDim + d] = spillway::halfFromFloat(x);
        }
    }
}
KERNEL(rotate_split_store)
