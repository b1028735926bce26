// Products with few rows: bounded by how fast weights are read. Weights stand row by row, and go from memory straight into the
// fragments of the tensor cores, 16 outputs a warp: inner indices may stand in any order if both operands agree, so a lane's 16
// bytes are 8 neighbouring columns, two steps of the tensor cores. The warps of a block share its columns (slices) and its outputs
// (panels); what they found is added up in the order of slices. An output's sum depends on the matrix's shape alone, not on how many
// rows there are.
#pragma once
#include "product.cuh"

#define GEMV_WARPS 8
#define GEMV_THREADS (GEMV_WARPS * 32)
#define GEMV_AHEAD 4 // pieces of 32 columns that a warp has under way
#define PANEL_STRIDE 20 // floats from a row's 16 sums to the next row's: no bank twice

namespace spillway {

/** Eight columns of the warp's outputs g and g + 8. */
struct GemvWeights {
    uint4 low[GEMV_AHEAD];
    uint4 high[GEMV_AHEAD];

    __device__ __forceinline__ void load(const half_bits* lowRow, const half_bits* highRow, int column, int columns) {
        UNROLL for (int u = 0; u < GEMV_AHEAD; u++) {
            const int at = column + 32 * u;
            low[u] = {0, 0, 0, 0};
            high[u] = {0, 0, 0, 0};
            if (at < columns) {
                low[u] = loadOnce(lowRow + at);
                high[u] = loadOnce(highRow + at);
            }
        }
    }
};

/**
 * Adds up the slices of every panel and writes results. A gated panel is 8 gates and their 8 ups; paired, it is 16 gates, and their ups the
 * next. sums: [warp][row][PANEL_STRIDE], of warp = slice * panels + panel
 */
__device__ __forceinline__ void writePanels(const float* sums, const Results& results, const Rows& rows, int panels, int tileRows, bool isPaired) {
    __syncthreads();
    const int perPanel = results.isGated() && !isPaired ? 8 : 16;
    const int step = results.isGated() && isPaired ? 2 : 1;
    const int toUp = isPaired ? tileRows * PANEL_STRIDE : 8;
    const int written = panels / step;
    ONE_BY_ONE for (int i = static_cast<int>(threadIdx.x); i < perPanel * written * rows.count; i += GEMV_THREADS) {
        const int m = i % perPanel;
        const int panel = i / perPanel % written;
        const int row = i / perPanel / written;
        const int output = (static_cast<int>(blockIdx.x) * written + panel) * perPanel + m;
        if (output < results.width) {
            float sum = 0;
            float up = 0;
            UNROLL for (int slice = 0; slice < GEMV_WARPS; slice++) {
                if (slice < GEMV_WARPS / panels) {
                    const float* const found = sums + ((slice * panels + panel * step) * tileRows + row) * PANEL_STRIDE + m;
                    sum += found[0];
                    up += results.isGated() ? found[toUp] : 0;
                }
            }
            results.write(rows.out(row), output, sum, up);
        }
    }
}

/** See gemv_f16_8. TILES: of 8 rows */
template <int KIND, int TILES>
__device__ __forceinline__ void gemv(const half_bits* matrix, const half_bits* in, int inStride, int outputs, int columns, int panels,
    const Rows& rows, Results results, bool isWaiting) {
    SHARED(float, sums, GEMV_WARPS * TILES * 8 * PANEL_STRIDE);
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int g = static_cast<int>(threadIdx.x) % 32 / 4;
    const int t = static_cast<int>(threadIdx.x) % 4;
    const int slice = warp / panels;
    const int slices = GEMV_WARPS / panels;
    const int perPanel = results.isGated() ? 8 : 16;
    const int first = (static_cast<int>(blockIdx.x) * panels + warp % panels) * perPanel + g;
    const int second = results.isGated() ? results.width + first : first + 8;
    // Outputs and rows beyond the last are read from where there are some, and their sums dropped.
    const half_bits* const lowRow = matrix + static_cast<size_t>(first < results.width ? first : 0) * columns;
    const half_bits* const highRow = matrix + static_cast<size_t>(second < outputs ? second : 0) * columns;
    const int step = 32 * GEMV_AHEAD;
    int column = slice * step + 8 * t;
    GemvWeights next;
    next.load(lowRow, highRow, column, columns);
    if (isWaiting) {
        awaitPrevious();
    }
    const half_bits* inRows[TILES];
    float acc[TILES][4];
    UNROLL for (int j = 0; j < TILES; j++) {
        const int row = 8 * j + g;
        inRows[j] = in + static_cast<size_t>(rows.in(row < rows.count ? row : 0)) * inStride;
        UNROLL for (int i = 0; i < 4; i++) {
            acc[j][i] = 0;
        }
    }
    for (int begin = slice * step; begin < columns; begin += slices * step) { // the same for every lane
        const GemvWeights now = next;
        next.load(lowRow, highRow, column + slices * step, columns);
        UNROLL for (int u = 0; u < GEMV_AHEAD; u++) {
            const int at = column + 32 * u;
            const unsigned firstHalf[4] = {now.low[u].x, now.high[u].x, now.low[u].y, now.high[u].y};
            const unsigned secondHalf[4] = {now.low[u].z, now.high[u].z, now.low[u].w, now.high[u].w};
            UNROLL for (int j = 0; j < TILES; j++) {
                uint4 x = {0, 0, 0, 0};
                if (at < columns) {
                    x = *reinterpret_cast<const uint4*>(inRows[j] + at);
                }
                multiplyHalves<KIND>(acc[j], firstHalf, x.x, x.y);
                multiplyHalves<KIND>(acc[j], secondHalf, x.z, x.w);
            }
        }
        column += slices * step;
    }
    UNROLL for (int j = 0; j < TILES; j++) {
        float* const found = sums + (warp * TILES * 8 + 8 * j + 2 * t) * PANEL_STRIDE + g;
        found[0] = acc[j][0];
        found[PANEL_STRIDE] = acc[j][1];
        found[8] = acc[j][2];
        found[PANEL_STRIDE + 8] = acc[j][3];
    }
    writePanels(sums, results, rows, panels, TILES * 8, false);
}

template <int KIND, int TILES>
__device__ __forceinline__ void gemvBlock(const half_bits* matrix, const half_bits* in, void* out, const float* bias, const int* work,
    const int* lists, const int* counts, int listStride, int entriesPerRow, int rowCount, int outputs, int columns, int inStride, int outStride,
    int mode, int panels) {
    launchDependents();
    if (work) {
        awaitPrevious(); // which weights are read depends on what others wrote
    }
    const Rows rows = rowsOf(work, lists, counts, listStride, entriesPerRow, static_cast<int>(blockIdx.y), TILES * 8, rowCount);
    if (rows.count <= 0) {
        return; // the whole block
    }
    const int width = mode >= OUT_SWIGLU ? outputs / 2 : outputs;
    const Results results = {out, bias ? bias + static_cast<size_t>(rows.expert) * outputs : nullptr, outStride, mode, KIND == KIND_BF16, width};
    gemv<KIND, TILES>(matrix + static_cast<size_t>(rows.expert) * outputs * columns, in, inStride, outputs, columns, panels, rows, results, !work);
}

} // namespace spillway

/**
 * Halves by few rows. matrix: [outputs][columns], with work [experts][outputs][columns]; columns a multiple of 8, rows of both operands
 * 16-byte aligned. bias: [outputs] or null, of every expert. Grid: x panels of 16 outputs (gated: 8 and their 8), `panels` a block
 * (a power of two to 8); y tiles of rows or pieces of work. work, lists, counts: see Rows; null without experts.
 */
#define GEMV_KERNEL(name, kind, tiles) \
    extern "C" __global__ void __launch_bounds__(GEMV_THREADS, 2) name(const unsigned short* matrix, const unsigned short* in, void* out, \
        const float* bias, const int* work, const int* lists, const int* counts, int listStride, int entriesPerRow, int rows, int outputs, \
        int columns, int inStride, int outStride, int mode, int panels) { \
        spillway::gemvBlock<kind, tiles>(matrix, in, out, bias, work, lists, counts, listStride, entriesPerRow, rows, outputs, columns, inStride, \
            outStride, mode, panels); \
    } \
    KERNEL(name)

GEMV_KERNEL(gemv_f16_8, KIND_F16, 1)
GEMV_KERNEL(gemv_f16_16, KIND_F16, 2)
GEMV_KERNEL(gemv_f16_32, KIND_F16, 4)
GEMV_KERNEL(gemv_bf16_8, KIND_BF16, 1)
GEMV_KERNEL(gemv_bf16_16, KIND_BF16, 2)
GEMV_KERNEL(gemv_bf16_32, KIND_BF16, 4)
