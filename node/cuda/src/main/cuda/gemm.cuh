// Products with many rows on the tensor cores that every GPU from sm_80 on has: weights and rows come through shared memory, several stages
// ahead. An output's sum runs over the columns in steps of 16, in order, whatever the tile: without splits it does not depend on how many
// rows there are.
#pragma once
#include "tiles.cuh"

namespace spillway {

/** Warps stand WARPS_M by WARPS_N over the tile. */
template <int M, int N, int WARPS_M, int WARPS_N, int STAGES> struct Gemm {
    static constexpr int THREADS = WARPS_M * WARPS_N * 32;
    static constexpr int STAGE_BYTES = (M + N) * TILE_ROW_BYTES;
    static constexpr int MS = M / WARPS_M / 16; // fragments of a warp
    static constexpr int NS = N / WARPS_N / 8;
    static constexpr int SUMS = MS * NS * 4;

    /** The sums of TILE_DEPTH columns more. */
    template <int KIND> static __device__ __forceinline__ void multiply(float* sums, const unsigned char* stage) {
        const int warp = static_cast<int>(threadIdx.x) / 32;
        const int lane = static_cast<int>(threadIdx.x) % 32;
        const int firstM = warp % WARPS_M * (M / WARPS_M);
        const int firstN = warp / WARPS_M * (N / WARPS_N);
        UNROLL for (int k = 0; k < TILE_DEPTH / 8; k += 2) {
            unsigned a[MS][4];
            UNROLL for (int m = 0; m < MS; m++) {
                loadMatrices(a[m], stage + tileOffset(firstM + m * 16 + lane % 16, k + lane / 16));
            }
            UNROLL for (int n = 0; n < NS; n += 2) {
                unsigned b[4];
                loadMatrices(b, stage + M * TILE_ROW_BYTES + tileOffset(firstN + n * 8 + lane / 16 * 8 + lane % 8, k + lane / 8 % 2));
                UNROLL for (int m = 0; m < MS; m++) {
                    multiplyHalves<KIND>(sums + (m * NS + n) * 4, a[m], b[0], b[1]);
                    multiplyHalves<KIND>(sums + (m * NS + n + 1) * 4, a[m], b[2], b[3]);
                }
            }
        }
    }

    /** Puts the sums where writeTile finds them. */
    static __device__ __forceinline__ void spread(const float* sums, float* tile) {
        const int warp = static_cast<int>(threadIdx.x) / 32;
        const int g = static_cast<int>(threadIdx.x) % 32 / 4;
        const int t = static_cast<int>(threadIdx.x) % 4;
        UNROLL for (int m = 0; m < MS; m++) {
            UNROLL for (int n = 0; n < NS; n++) {
                UNROLL for (int i = 0; i < 4; i++) {
                    const int output = warp % WARPS_M * (M / WARPS_M) + m * 16 + g + i / 2 * 8;
                    const int row = warp / WARPS_M * (N / WARPS_N) + n * 8 + 2 * t + i % 2;
                    tile[row * (M + 4) + output] = sums[(m * NS + n) * 4 + i];
                }
            }
        }
    }

    /** See gemm_f16_64x64. */
    template <int KIND>
    static __device__ __forceinline__ void run(const half_bits* matrix, const half_bits* in, void* out, const float* bias, const int* work,
        const int* lists, const int* counts, float* parts, int* counters, int listStride, int entriesPerRow, int rowCount, int outputs, int columns,
        int inStride, int outStride, int mode) {
        DYNAMIC_SHARED(unsigned char, stages);
        SHARED(int, isLast, 1);
        launchDependents();
        if (work) {
            awaitPrevious(); // which weights are read depends on what others wrote
        }
        const int thread = static_cast<int>(threadIdx.x);
        const int outputTiles = static_cast<int>(gridDim.x);
        const int id = static_cast<int>(blockIdx.y * gridDim.x + blockIdx.x);
        const TilePlace place = tilePlace(id, outputTiles, static_cast<int>(gridDim.y));
        const Rows rows = rowsOf(work, lists, counts, listStride, entriesPerRow, place.rows, N, rowCount);
        if (rows.count <= 0) {
            return; // the whole block
        }
        const int width = mode >= OUT_SWIGLU ? outputs / 2 : outputs;
        const float* const own = bias ? bias + static_cast<size_t>(rows.expert) * outputs : nullptr;
        const Results results = {out, own, outStride, mode, KIND == KIND_BF16, width};
        const int splits = static_cast<int>(gridDim.z);
        const int split = static_cast<int>(blockIdx.z);
        const int steps = (columns + TILE_DEPTH - 1) / TILE_DEPTH;
        const int perSplit = (steps + splits - 1) / splits;
        const int from = split * perSplit;
        const int to = from + perSplit < steps ? from + perSplit : steps;
        TileCopies<M, N, THREADS> copies;
        copies.begin(thread, matrix + static_cast<size_t>(rows.expert) * outputs * columns, place.outputs, results, outputs, columns);
        UNROLL for (int s = 0; s < STAGES - 1; s++) {
            if (from + s < to) {
                copies.copyWeights(stages + s * STAGE_BYTES, from + s);
            }
        }
        if (!work) {
            awaitPrevious();
        }
        copies.beginRows(in, inStride, rows);
        UNROLL for (int s = 0; s < STAGES - 1; s++) {
            if (from + s < to) {
                copies.copyRows(stages + s * STAGE_BYTES, from + s);
            }
            closeCopies();
        }
        float sums[SUMS];
        UNROLL for (int i = 0; i < SUMS; i++) {
            sums[i] = 0;
        }
        int stage = 0;
        int free = STAGES - 1;
        ONE_BY_ONE for (int step = from; step < to; step++) {
            awaitCopies<STAGES - 2>();
            __syncthreads(); // this stage has come, and the one before it has been read by all
            if (step + STAGES - 1 < to) {
                copies.copyWeights(stages + free * STAGE_BYTES, step + STAGES - 1);
                copies.copyRows(stages + free * STAGE_BYTES, step + STAGES - 1);
            }
            closeCopies();
            multiply<KIND>(sums, stages + stage * STAGE_BYTES);
            stage = stage + 1 == STAGES ? 0 : stage + 1;
            free = free + 1 == STAGES ? 0 : free + 1;
        }
        awaitCopies<0>();
        __syncthreads();
        if (splits > 1) {
            float* const own = parts + static_cast<size_t>(id) * splits * SUMS * THREADS;
            if (!addSplits<SUMS, THREADS>(sums, own, counters + id, split, splits, isLast)) {
                return; // the whole block
            }
        }
        float* const tile = reinterpret_cast<float*>(stages);
        spread(sums, tile);
        __syncthreads();
        writeTile<M, THREADS>(tile, thread, place.outputs, results, rows);
    }
};

typedef Gemm<64, 32, 2, 2, 5> Gemm32;
typedef Gemm<64, 64, 2, 2, 4> Gemm64;
typedef Gemm<128, 128, 4, 2, 3> Gemm128;

} // namespace spillway

/**
 * Halves by many rows. matrix, in, out, bias and mode as of gemv_f16_8. Grid: x tiles of outputs (gated: of half as many and their ups), y
 * tiles of rows or pieces of work, z splits of the columns; dynamic shared memory: STAGES * STAGE_BYTES. parts, counters: see addSplits, of
 * every tile; without splits nothing.
 */
#define GEMM_KERNEL(name, kind, shape) \
    extern "C" __global__ void __launch_bounds__(spillway::shape::THREADS) name(const unsigned short* matrix, const unsigned short* in, void* out, \
        const float* bias, const int* work, const int* lists, const int* counts, float* parts, int* counters, int listStride, int entriesPerRow, \
        int rows, int outputs, int columns, int inStride, int outStride, int mode) { \
        spillway::shape::run<kind>(matrix, in, out, bias, work, lists, counts, parts, counters, listStride, entriesPerRow, rows, outputs, columns, \
            inStride, outStride, mode); \
    } \
    KERNEL(name)

GEMM_KERNEL(gemm_f16_32, KIND_F16, Gemm32)
GEMM_KERNEL(gemm_f16_64, KIND_F16, Gemm64)
GEMM_KERNEL(gemm_f16_128, KIND_F16, Gemm128)
GEMM_KERNEL(gemm_bf16_32, KIND_BF16, Gemm32)
GEMM_KERNEL(gemm_bf16_64, KIND_BF16, Gemm64)
GEMM_KERNEL(gemm_bf16_128, KIND_BF16, Gemm128)
