// What products of many rows share, whatever multiplies: which tile a block takes, how its pieces come to shared memory, and how its sums
// leave. A tile is M outputs by N rows; a stage holds TILE_DEPTH columns of both, a row after the other, 128 bytes each. The 16-byte
// chunks of a row are swapped by its number (chunk ^ row % 8), so that neither copies nor matrix loads meet a bank twice.
#pragma once
#include "product.cuh"

#define TILE_DEPTH 64
#define TILE_ROW_BYTES 128
#define TILE_GROUP 8 // row tiles that go over the weights together

namespace spillway {

__device__ __forceinline__ int tileOffset(int row, int chunk) {
    return row * TILE_ROW_BYTES + ((chunk ^ (row & 7)) << 4);
}

/** The tile of a block: neighbours in time share weights or rows, so that both are found in the L2 cache. */
struct TilePlace {
    int outputs; // tile of outputs
    int rows; // tile of rows, or piece of work
};

__device__ __forceinline__ TilePlace tilePlace(int id, int outputTiles, int rowTiles) {
    const int perGroup = TILE_GROUP * outputTiles;
    const int first = id / perGroup * TILE_GROUP;
    const int left = rowTiles - first;
    const int together = left < TILE_GROUP ? left : TILE_GROUP;
    return {id % perGroup / together, first + id % perGroup % together};
}

/**
 * Copies pieces of weights and rows. A thread takes the same chunk of every THREADS / 8-th row. Of 16 rows of a gated tile 8 are gates and 8
 * their ups: then a thread of the tensor cores holds both.
 */
template <int M, int N, int THREADS> struct TileCopies {
    static constexpr int STEP = THREADS / 8;
    static constexpr int WEIGHT_ROWS = (M + STEP - 1) / STEP;
    static constexpr int IN_ROWS = (N + STEP - 1) / STEP;
    const half_bits* weights[WEIGHT_ROWS];
    const half_bits* ins[IN_ROWS];
    unsigned weightExists;
    unsigned inExists;
    int first; // row of the thread
    int chunk;
    int columns;

    __device__ __forceinline__ void begin(int thread, const half_bits* matrix, int tile, const Results& results, int outputs, int allColumns) {
        first = thread / 8;
        chunk = thread % 8;
        columns = allColumns;
        weightExists = 0;
        UNROLL for (int i = 0; i < WEIGHT_ROWS; i++) {
            const int r = first + i * STEP;
            const int output = results.isGated() ? tile * (M / 2) + r / 16 * 8 + r % 8 : tile * M + r;
            const bool exists = r < M && output < results.width;
            const int row = results.isGated() && r % 16 >= 8 ? results.width + output : output;
            weights[i] = matrix + static_cast<size_t>(exists && row < outputs ? row : 0) * columns + chunk * 8;
            weightExists |= (exists ? 1u : 0u) << i;
        }
    }

    __device__ __forceinline__ void beginRows(const half_bits* in, int inStride, const Rows& rows) {
        inExists = 0;
        UNROLL for (int i = 0; i < IN_ROWS; i++) {
            const int r = first + i * STEP;
            const bool exists = r < N && r < rows.count;
            ins[i] = in + static_cast<size_t>(rows.in(exists ? r : 0)) * inStride + chunk * 8;
            inExists |= (exists ? 1u : 0u) << i;
        }
    }

    __device__ __forceinline__ void copyWeights(unsigned char* stage, int step) const {
        const bool isInside = step * TILE_DEPTH + chunk * 8 < columns;
        UNROLL for (int i = 0; i < WEIGHT_ROWS; i++) {
            const int r = first + i * STEP;
            if (M % STEP == 0 || r < M) {
                const half_bits* const from = weights[i] + (isInside ? step * TILE_DEPTH : -chunk * 8);
                copyLater(stage + tileOffset(r, chunk), from, isInside && (weightExists >> i & 1));
            }
        }
    }

    __device__ __forceinline__ void copyRows(unsigned char* stage, int step) const {
        const bool isInside = step * TILE_DEPTH + chunk * 8 < columns;
        UNROLL for (int i = 0; i < IN_ROWS; i++) {
            const int r = first + i * STEP;
            if (N % STEP == 0 || r < N) {
                const half_bits* const from = ins[i] + (isInside ? step * TILE_DEPTH : -chunk * 8);
                copyLater(stage + M * TILE_ROW_BYTES + tileOffset(r, chunk), from, isInside && (inExists >> i & 1));
            }
        }
    }
};

/** Writes a tile of sums: [N][M + 4] floats, gates and ups in turns of 8 where they are gated. */
template <int M, int THREADS>
__device__ __forceinline__ void writeTile(const float* sums, int thread, int tile, const Results& results, const Rows& rows) {
    const int perRow = results.isGated() ? M / 16 : M / 8;
    for (int i = thread; i < perRow * rows.count; i += THREADS) {
        const int row = i / perRow;
        const int eight = i % perRow;
        const int output = (tile * perRow + eight) * 8;
        if (output < results.width) {
            const float4* const found = reinterpret_cast<const float4*>(sums + row * (M + 4) + eight * (results.isGated() ? 16 : 8));
            const float4 a = found[0];
            const float4 b = found[1];
            const float sum[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
            float up[8] = {0, 0, 0, 0, 0, 0, 0, 0};
            if (results.isGated()) {
                const float4 c = found[2];
                const float4 d = found[3];
                up[0] = c.x, up[1] = c.y, up[2] = c.z, up[3] = c.w, up[4] = d.x, up[5] = d.y, up[6] = d.z, up[7] = d.w;
            }
            results.writeEight(rows.out(row), output, sum, up);
        }
    }
}

/**
 * Where the columns of a tile are split over blocks: puts this block's sums into `parts`, and the last block to come adds up all of them in
 * the order of splits. Returns whether this is it. parts: [splits][COUNT][THREADS] of the tile; counter: of the tile, 0 before and after.
 */
template <int COUNT, int THREADS> __device__ __forceinline__ bool addSplits(float* sums, float* parts, int* counter, int split, int splits, int* isLast) {
    const int thread = static_cast<int>(threadIdx.x);
    UNROLL for (int i = 0; i < COUNT; i++) {
        parts[(static_cast<size_t>(split) * COUNT + i) * THREADS + thread] = sums[i];
    }
    __threadfence();
    __syncthreads();
    if (thread == 0) {
        *isLast = atomicAdd(counter, 1) == splits - 1;
    }
    __syncthreads();
    if (!*isLast) {
        return false;
    }
    __threadfence();
    UNROLL for (int i = 0; i < COUNT; i++) {
        sums[i] = 0;
    }
    for (int s = 0; s < splits; s++) {
        UNROLL for (int i = 0; i < COUNT; i++) {
            sums[i] += __ldcg(parts + (static_cast<size_t>(s) * COUNT + i) * THREADS + thread);
        }
    }
    if (thread == 0) {
        *counter = 0;
    }
    return true;
}

} // namespace spillway
