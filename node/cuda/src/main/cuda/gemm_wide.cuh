// Products with many rows on Hopper's warpgroups. A block is a producer warpgroup that copies stages of weights and rows to shared memory,
// and two that multiply, 64 outputs each; blocks stay and take tile after tile, so that the next tile's copies run while sums leave.
#pragma once
#include "tiles.cuh"
#include "warpgroup.cuh"

#define WIDE_OUTPUTS 128
#define WIDE_THREADS 384
#define WIDE_LAG 2 // stages that were copied after the one that is handed over
#define WIDE_ROW_STRIDE 20 // floats from a row's 16 sums to the next row's: no bank twice

namespace spillway {

/** What a launch computes. parts: with more than one split [splits][rowCount][outputs] f32 instead of results, see finish_splits */
struct WideWork {
    const half_bits* matrix;
    const half_bits* in;
    void* out;
    const float* bias;
    const int* work;
    const int* lists;
    const int* counts;
    float* parts;
    int listStride;
    int entriesPerRow;
    int rowCount;
    int outputs;
    int columns;
    int inStride;
    int outStride;
    int mode;
    int splits;
};

/** One tile of a block's. */
struct WideTile {
    Rows rows;
    int outputs; // tile of outputs
    int from; // steps of TILE_DEPTH columns
    int to;
    int split;
};

#if HAS_WARPGROUPS

template <int N, int STAGES> struct Wide {
    static constexpr int STAGE_BYTES = (WIDE_OUTPUTS + N) * TILE_ROW_BYTES;
    static constexpr int LEAVING_BYTES = 8 * 32 * WIDE_ROW_STRIDE * 4;

    static __device__ __forceinline__ int tiles(const WideWork& w, int* outputTiles, int* rowTiles) {
        *outputTiles = (w.outputs + WIDE_OUTPUTS - 1) / WIDE_OUTPUTS;
        *rowTiles = w.work ? w.work[0] : (w.rowCount + N - 1) / N;
        return *outputTiles * *rowTiles * w.splits;
    }

    static __device__ __forceinline__ WideTile tile(const WideWork& w, int id, int outputTiles, int rowTiles) {
        const TilePlace place = tilePlace(id % (outputTiles * rowTiles), outputTiles, rowTiles);
        const int split = id / (outputTiles * rowTiles);
        const int steps = (w.columns + TILE_DEPTH - 1) / TILE_DEPTH;
        const int perSplit = (steps + w.splits - 1) / w.splits;
        const int to = (split + 1) * perSplit;
        return {rowsOf(w.work, w.lists, w.counts, w.listStride, w.entriesPerRow, place.rows, N, w.rowCount), place.outputs, split * perSplit,
            to < steps ? to : steps, split};
    }

    /** Splits write plain sums: the matrix is not gated for them. */
    template <int KIND> static __device__ __forceinline__ Results resultsOf(const WideWork& w, const WideTile& t) {
        if (w.splits > 1) {
            return {w.parts + static_cast<size_t>(t.split) * w.rowCount * w.outputs, nullptr, w.outputs, OUT_FLOAT, 0, w.outputs};
        }
        const float* const own = w.bias ? w.bias + static_cast<size_t>(t.rows.expert) * w.outputs : nullptr;
        return {w.out, own, w.outStride, w.mode, KIND == KIND_BF16, w.mode >= OUT_SWIGLU ? w.outputs / 2 : w.outputs};
    }

    template <int KIND> static __device__ __forceinline__ void produce(const WideWork& w, unsigned char* stages, arrivals* full, arrivals* empty) {
        int outputTiles;
        int rowTiles;
        const int count = tiles(w, &outputTiles, &rowTiles);
        int stage = 0;
        int handedOver = 0;
        unsigned parity = 1;
        int begun = 0;
        ONE_BY_ONE for (int id = static_cast<int>(blockIdx.x); id < count; id += static_cast<int>(gridDim.x)) {
            const WideTile t = tile(w, id, outputTiles, rowTiles);
            TileCopies<WIDE_OUTPUTS, N, 128> copies;
            copies.begin(static_cast<int>(threadIdx.x), w.matrix + static_cast<size_t>(t.rows.expert) * w.outputs * w.columns, t.outputs,
                resultsOf<KIND>(w, t), w.outputs, w.columns);
            copies.beginRows(w.in, w.inStride, t.rows);
            ONE_BY_ONE for (int step = t.from; step < t.to; step++) {
                awaitArrivals(empty + stage, parity);
                copies.copyWeights(stages + stage * STAGE_BYTES, step);
                copies.copyRows(stages + stage * STAGE_BYTES, step);
                closeCopies();
                begun++;
                if (begun > WIDE_LAG) {
                    awaitCopies<WIDE_LAG>();
                    fenceOperands();
                    arrive(full + handedOver);
                    handedOver = handedOver + 1 == STAGES ? 0 : handedOver + 1;
                }
                stage = stage + 1 == STAGES ? 0 : stage + 1;
                parity ^= stage == 0 ? 1u : 0u;
            }
        }
        awaitCopies<0>();
        fenceOperands();
        for (; handedOver != stage; handedOver = handedOver + 1 == STAGES ? 0 : handedOver + 1) {
            arrive(full + handedOver);
        }
    }

    /** A warp's sums, 32 rows at a time, through shared memory: a lane writes the outputs of a row. */
    static __device__ __forceinline__ void leave(const float* sums, float* leaving, int firstOutput, const Results& results, const Rows& rows) {
        const int lane = static_cast<int>(threadIdx.x) % 32;
        const int g = lane / 4;
        const int t = lane % 4;
        ONE_BY_ONE for (int n = 0; n < N; n += 32) {
            UNROLL for (int own = 0; own < N; own += 32) {
                if (own == n) { // registers have no index at run time
                    UNROLL for (int i = 0; i < 16; i++) {
                        leaving[(i / 4 * 8 + 2 * t + i % 2) * WIDE_ROW_STRIDE + g + i % 4 / 2 * 8] = sums[own / 2 + i];
                    }
                }
            }
            __syncwarp();
            if (n + lane < rows.count && firstOutput < results.width) {
                const float4* const found = reinterpret_cast<const float4*>(leaving + lane * WIDE_ROW_STRIDE);
                const float4 a = found[0];
                const float4 b = found[1];
                const float4 c = found[2];
                const float4 d = found[3];
                const float low[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
                const float high[8] = {c.x, c.y, c.z, c.w, d.x, d.y, d.z, d.w};
                const int row = rows.out(n + lane);
                results.writeEight(row, firstOutput, low, high);
                if (!results.isGated() && firstOutput + 8 < results.width) {
                    results.writeEight(row, firstOutput + 8, high, high);
                }
            }
            __syncwarp();
        }
    }

    template <int KIND> static __device__ __forceinline__ void consume(const WideWork& w, const unsigned char* stages, float* leaving, arrivals* full,
        arrivals* empty) {
        const int warp = static_cast<int>(threadIdx.x) / 32 - 4; // of 8
        const bool isFirstLane = threadIdx.x % 32 == 0;
        int outputTiles;
        int rowTiles;
        const int count = tiles(w, &outputTiles, &rowTiles);
        int stage = 0;
        unsigned parity = 0;
        float sums[N / 2];
        ONE_BY_ONE for (int id = static_cast<int>(blockIdx.x); id < count; id += static_cast<int>(gridDim.x)) {
            const WideTile t = tile(w, id, outputTiles, rowTiles);
            int before = 0;
            ONE_BY_ONE for (int step = t.from; step < t.to; step++) {
                awaitArrivals(full + stage, parity);
                const unsigned char* const at = stages + stage * STAGE_BYTES;
                const unsigned long long left = operandAt(at + warp / 4 * 64 * TILE_ROW_BYTES);
                const unsigned long long right = operandAt(at + WIDE_OUTPUTS * TILE_ROW_BYTES);
                beginProducts();
                UNROLL for (int k = 0; k < TILE_DEPTH / 16; k++) { // 32 bytes on
                    multiplyWide<KIND, N>(sums, left + 2 * k, right + 2 * k, step > t.from || k > 0);
                }
                closeProducts();
                awaitProducts<1>();
                if (step > t.from && isFirstLane) {
                    arrive(empty + before);
                }
                before = stage;
                stage = stage + 1 == STAGES ? 0 : stage + 1;
                parity ^= stage == 0 ? 1u : 0u;
            }
            awaitProducts<0>();
            if (isFirstLane) {
                arrive(empty + before);
            }
            const Results results = resultsOf<KIND>(w, t);
            leave(sums, leaving + warp * 32 * WIDE_ROW_STRIDE, (t.outputs * 8 + warp) * (results.isGated() ? 8 : 16), results, t.rows);
        }
    }

    template <int KIND> static __device__ __forceinline__ void run(const WideWork& w) {
        DYNAMIC_SHARED(unsigned char, stages);
        float* const leaving = reinterpret_cast<float*>(stages + STAGES * STAGE_BYTES);
        arrivals* const full = reinterpret_cast<arrivals*>(stages + STAGES * STAGE_BYTES + LEAVING_BYTES);
        arrivals* const empty = full + STAGES;
        if (threadIdx.x == 0) {
            for (int s = 0; s < STAGES; s++) {
                beginArrivals(full + s, 128);
                beginArrivals(empty + s, 8);
            }
        }
        __syncthreads();
        launchDependents();
        awaitPrevious();
        if (threadIdx.x < 128) {
            registersAtMost<104>();
            produce<KIND>(w, stages, full, empty);
        } else {
            registersAtLeast<200>();
            consume<KIND>(w, stages, leaving, full, empty);
        }
    }
};

#else

/** Other processors have no warpgroups: nobody launches these there. */
template <int N, int STAGES> struct Wide {
    template <int KIND> static __device__ __forceinline__ void run(const WideWork&) {
        __trap();
    }
};

#endif

} // namespace spillway

/**
 * Halves by many rows, on sm_90a alone. matrix, in, out, bias, work, lists, counts and mode as of gemv_f16_8; every split has columns. Grid: x
 * blocks that share the tiles; dynamic shared memory: stages, LEAVING_BYTES, 16 bytes a stage
 */
#define GEMM_WIDE_KERNEL(name, kind, n, stages) \
    extern "C" __global__ void __launch_bounds__(WIDE_THREADS, 1) name(const unsigned short* matrix, const unsigned short* in, void* out, \
        const float* bias, const int* work, const int* lists, const int* counts, float* parts, int listStride, int entriesPerRow, int rows, \
        int outputs, int columns, int inStride, int outStride, int mode, int splits) { \
        const spillway::WideWork w = {matrix, in, out, bias, work, lists, counts, parts, listStride, entriesPerRow, rows, outputs, columns, \
            inStride, outStride, mode, splits}; \
        spillway::Wide<n, stages>::run<kind>(w); \
    } \
    KERNEL(name)

GEMM_WIDE_KERNEL(gemm_wide_f16_64, KIND_F16, 64, 8)
GEMM_WIDE_KERNEL(gemm_wide_f16_128, KIND_F16, 128, 6)
GEMM_WIDE_KERNEL(gemm_wide_f16_256, KIND_F16, 256, 4)
GEMM_WIDE_KERNEL(gemm_wide_bf16_64, KIND_BF16, 64, 8)
GEMM_WIDE_KERNEL(gemm_wide_bf16_128, KIND_BF16, 128, 6)
GEMM_WIDE_KERNEL(gemm_wide_bf16_256, KIND_BF16, 256, 4)

/** Adds up splits in their order. parts: [splits][rows][outputs]; Grid: x eights of a row of results / 128, y rows; block: 128 */
extern "C" __global__ void __launch_bounds__(128) finish_splits(const float* parts, void* out, const float* bias, int splits, int rows, int outputs,
    int outStride, int mode, int isBf16) {
    spillway::launchDependents();
    spillway::awaitPrevious();
    const int width = mode >= OUT_SWIGLU ? outputs / 2 : outputs;
    const int output = static_cast<int>(blockIdx.x * 128 + threadIdx.x) * 8;
    const int row = static_cast<int>(blockIdx.y);
    if (output >= width) {
        return;
    }
    float sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    float ups[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (int split = 0; split < splits; split++) {
        const float* const found = parts + (static_cast<size_t>(split) * rows + row) * outputs + output;
        for (int i = 0; i < 8 && output + i < width; i++) {
            sums[i] += found[i];
            ups[i] += mode >= OUT_SWIGLU ? found[width + i] : 0;
        }
    }
    const spillway::Results results = {out, bias, outStride, mode, isBf16, width};
    results.writeEight(row, output, sums, ups);
}
KERNEL(finish_splits)
