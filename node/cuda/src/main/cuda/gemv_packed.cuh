// Packed matrices by few rows. Integers meet activations that were rounded to eight bits, 32 at a time, as the specification says, and
// tensor cores sum their products exactly; eight-bit floats meet the activations as they are. Blocks, slices and panels as in gemv.cuh.
#pragma once
#include "gemv.cuh"
#include "packed.cuh"

#define PACKED_AHEAD 4 // parts that a warp has under way

namespace spillway {

/** Rounded activations of 32 columns: word t of `numbers` holds columns 4t ... and 16 + 4t ...; sums of both halves. 48 bytes */
struct __align__(16) RoundedBlock {
    uint2 numbers[4];
    float4 factors; // scale, sum of the first 16 numbers, sum of the others, nothing
};

/** Adds a part to the sums of 8 rows by the panel's outputs. sums: 4: as fragments are; x: of row g, first and second: rows 2t and 2t + 1 */
template <int FORMAT>
__device__ __forceinline__ void addPart(float* sums, const unsigned* a, const float (*scales)[2], const float (*minima)[2], uint2 x, float4 first,
    float4 second) {
    typedef Packed<FORMAT> F;
    int products[2][4];
    if constexpr (F::groups == 1) {
        multiplyBytes(products[0], a, x.x, x.y);
    } else {
        multiplyFewBytes(products[0], a, x.x);
        multiplyFewBytes(products[1], a + 2, x.y);
    }
    UNROLL for (int group = 0; group < F::groups; group++) {
        UNROLL for (int i = 0; i < 4; i++) {
            const float4 row = i % 2 ? second : first;
            const float activations = F::groups == 1 ? row.y + row.z : group == 0 ? row.y : row.z;
            float product = static_cast<float>(products[group][i]);
            if constexpr (F::zero != 0) {
                product -= static_cast<float>(F::zero) * activations; // whole numbers below 2^24
            }
            sums[i] = fmaf(product, scales[group][i / 2] * row.x, sums[i]);
            if constexpr (F::hasMinimum) {
                sums[i] = fmaf(activations, -(minima[group][i / 2] * row.x), sums[i]);
            }
        }
    }
}

/** See gemv_q8_0_8. TILES: of 8 rows */
template <int FORMAT, int TILES>
__device__ __forceinline__ void gemvPacked(const unsigned char* gates, const unsigned char* ups, const RoundedBlock* in, int columns, int panels,
    const Rows& rows, const Results& results, bool isWaiting) {
    typedef Packed<FORMAT> F;
    SHARED(float, sums, GEMV_WARPS * TILES * 8 * PANEL_STRIDE);
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int g = static_cast<int>(threadIdx.x) % 32 / 4;
    const int t = static_cast<int>(threadIdx.x) % 4;
    const int mine = warp % panels;
    const int slice = warp / panels;
    const int slices = GEMV_WARPS / panels;
    const int parts = columns / 32;
    // A gated block takes panels of gates and of ups by turns.
    const int number = static_cast<int>(blockIdx.x) * panels + mine;
    const int index = results.isGated() ? number / 2 : number;
    const unsigned char* const matrix = results.isGated() && number % 2 ? ups : gates;
    const unsigned char* const panel = matrix + (index * 16 < results.width ? index : 0) * F::panelBytes(columns);
    if (isWaiting) { // meanwhile the first weights come to the L2 cache
        const unsigned char* const begin = F::block(panel, slice * PACKED_AHEAD);
        const int bytes = 2 * PACKED_AHEAD * F::partBytes;
        for (int at = static_cast<int>(threadIdx.x) % 32 * 128; at < bytes && begin + at < panel + F::panelBytes(columns); at += 32 * 128) {
            loadLater(begin + at);
        }
        awaitPrevious();
    }
    const RoundedBlock* inRows[TILES];
    const RoundedBlock* firstRows[TILES];
    const RoundedBlock* secondRows[TILES];
    float acc[TILES][4];
    UNROLL for (int j = 0; j < TILES; j++) {
        const int row = 8 * j + g;
        const int first = 8 * j + 2 * t;
        inRows[j] = in + static_cast<size_t>(rows.in(row < rows.count ? row : 0)) * parts;
        firstRows[j] = in + static_cast<size_t>(rows.in(first < rows.count ? first : 0)) * parts;
        secondRows[j] = in + static_cast<size_t>(rows.in(first + 1 < rows.count ? first + 1 : 0)) * parts;
        UNROLL for (int i = 0; i < 4; i++) {
            acc[j][i] = 0;
        }
    }
    for (int begin = slice * PACKED_AHEAD; begin < parts; begin += slices * PACKED_AHEAD) { // the same for every lane
        unsigned a[PACKED_AHEAD][4];
        float scales[PACKED_AHEAD][2][2];
        float minima[PACKED_AHEAD][2][2];
        UNROLL for (int u = 0; u < PACKED_AHEAD; u++) { // all loads before the first use
            const int part = begin + u < parts ? begin + u : parts - 1;
            const unsigned char* const block = F::block(panel, part);
            F::fragments(F::part(block, part), g, t, a[u]);
            UNROLL for (int group = 0; group < F::groups; group++) {
                F::factors(block, F::part(block, part), g, group, scales[u][group], minima[u][group]);
            }
        }
        UNROLL for (int u = 0; u < PACKED_AHEAD; u++) {
            const int part = begin + u < parts ? begin + u : parts - 1;
            UNROLL for (int j = 0; j < TILES; j++) {
                float4 first = firstRows[j][part].factors;
                float4 second = secondRows[j][part].factors;
                first.x = begin + u < parts ? first.x : 0; // a part beyond the last adds nothing; a branch would keep loads behind it
                second.x = begin + u < parts ? second.x : 0;
                addPart<FORMAT>(acc[j], a[u], scales[u], minima[u], inRows[j][part].numbers[t], first, second);
            }
        }
    }
    UNROLL for (int j = 0; j < TILES; j++) {
        float* const found = sums + (warp * TILES * 8 + 8 * j + 2 * t) * PANEL_STRIDE + 2 * g;
        found[0] = acc[j][0];
        found[PANEL_STRIDE] = acc[j][1];
        found[1] = acc[j][2];
        found[PANEL_STRIDE + 1] = acc[j][3];
    }
    writePanels(sums, results, rows, panels, TILES * 8, true);
}

/** Two eight-bit floats, in the upper bytes of the halves of a word, as halves times f8Factor. */
template <int KIND> __device__ __forceinline__ unsigned f8Halves(unsigned bytes) {
    if constexpr (KIND == KIND_F16) {
        return (bytes & 0x80008000u) | (bytes >> 1 & 0x3F803F80u);
    }
    const unsigned small = (bytes & 0x80008000u) | (bytes >> 4 & 0x07F007F0u); // 2^120 times too small
#ifdef SPILLWAY_SHIM
    return pairOf<KIND_BF16>(lowOf<KIND_BF16>(small) * 0x1p120f, highOf<KIND_BF16>(small) * 0x1p120f);
#else
    unsigned pair;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(pair) : "r"(small), "r"(0x7B807B80u), "r"(0x80008000u));
    return pair;
#endif
}

/** See gemv_f8_f16. A warp reads a part at once, and takes its columns in pairs from shared memory. */
template <int KIND>
__device__ __forceinline__ void gemvF8(const unsigned char* gates, const unsigned char* ups, const half_bits* in, int inStride, int columns,
    int panels, const Rows& rows, const Results& results, bool isWaiting) {
    typedef Packed<PACKED_F8> F;
    SHARED(float, sums, GEMV_WARPS * 8 * PANEL_STRIDE);
    SHARED(uint4, numbers, GEMV_WARPS * 2 * 32);
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int g = lane / 4;
    const int t = lane % 4;
    const int slice = warp / panels;
    const int slices = GEMV_WARPS / panels;
    const int parts = columns / 32;
    const int number = static_cast<int>(blockIdx.x) * panels + warp % panels;
    const int index = results.isGated() ? number / 2 : number;
    const unsigned char* const matrix = results.isGated() && number % 2 ? ups : gates;
    const unsigned char* const panel = matrix + (index * 16 < results.width ? index : 0) * F::panelBytes(columns);
    if (isWaiting) {
        if (slice < parts) {
            loadLater(F::block(panel, slice) + lane * 16); // meanwhile the first weights come to the L2 cache
        }
        awaitPrevious();
    }
    const half_bits* const inRow = in + static_cast<size_t>(rows.in(g < rows.count ? g : 0)) * inStride;
    float acc[4] = {0, 0, 0, 0};
    int turn = 0;
    for (int part = slice; part < parts; part += slices) { // the same for every lane
        const unsigned char* const at = F::block(panel, part);
        uint4* const place = numbers + (warp * 2 + turn) * 32; // the other one may still be read
        turn ^= 1;
        place[lane] = loadOnce(at + lane * 16);
        __syncwarp();
        float products[4] = {0, 0, 0, 0};
        UNROLL for (int k = 0; k < 32; k += 16) {
            unsigned bytes[4]; // of columns 2t, 2t + 1, 2t + 8, 2t + 9: outputs 2g and 2g + 1
            UNROLL for (int i = 0; i < 4; i++) {
                const int column = k + 2 * t + i % 2 + i / 2 * 8;
                bytes[i] = reinterpret_cast<const unsigned short*>(place)[column * 8 + g];
            }
            const unsigned a[4] = {f8Halves<KIND>(__byte_perm(bytes[0], bytes[1], 0x4707)), f8Halves<KIND>(__byte_perm(bytes[0], bytes[1], 0x5717)),
                f8Halves<KIND>(__byte_perm(bytes[2], bytes[3], 0x4707)), f8Halves<KIND>(__byte_perm(bytes[2], bytes[3], 0x5717))};
            const unsigned* const x = reinterpret_cast<const unsigned*>(inRow + part * 32 + k + 2 * t);
            multiplyHalves<KIND>(products, a, x[0], x[4]);
        }
        const float factor = KIND == KIND_F16 ? 256.0f : 1.0f;
        UNROLL for (int i = 0; i < 4; i++) {
            acc[i] = fmaf(products[i], F::scale(at, 2 * g + i / 2) * factor, acc[i]);
        }
    }
    float* const found = sums + (warp * 8 + 2 * t) * PANEL_STRIDE + 2 * g;
    found[0] = acc[0];
    found[PANEL_STRIDE] = acc[1];
    found[1] = acc[2];
    found[PANEL_STRIDE + 1] = acc[3];
    writePanels(sums, results, rows, panels, 8, true);
}

/** What both kinds of kernels begin with. work: see Rows */
struct PackedBlock {
    const unsigned char* gates;
    const unsigned char* ups;
    Rows rows;
    Results results;
};

__device__ __forceinline__ PackedBlock packedBlock(const unsigned char* matrix, const unsigned char* ups, void* out, const float* bias,
    const int* work, const int* lists, const int* counts, long long expertBytes, int listStride, int entriesPerRow, int rowCount, int outputs,
    int outStride, int mode, int isBf16, int tileRows) {
    launchDependents();
    if (work) {
        awaitPrevious(); // which weights are read depends on what others wrote
    }
    const Rows rows = rowsOf(work, lists, counts, listStride, entriesPerRow, static_cast<int>(blockIdx.y), tileRows, rowCount);
    const long long toExpert = rows.expert * expertBytes;
    const float* const own = bias ? bias + static_cast<size_t>(rows.expert) * outputs : nullptr;
    return {matrix + toExpert, ups + toExpert, rows, {out, own, outStride, mode, isBf16, mode >= OUT_SWIGLU ? outputs / 2 : outputs}};
}

} // namespace spillway

/**
 * A packed matrix of integers by few rounded rows. matrix: packed [outputs][columns]; gated: packed gates, and `ups` the packed ups, of
 * outputs / 2 rows each; experts are expertBytes apart. in: [rows][columns / 32] rounded blocks. Grid: x panels of 16 outputs, `panels` a
 * block (a power of two to 8; gated: of gates and ups by turns, 2 at least); y tiles of rows or pieces of work. work, lists, counts: see Rows
 */
#define GEMV_PACKED_KERNEL(name, format, tiles) \
    extern "C" __global__ void __launch_bounds__(GEMV_THREADS, 2) name(const unsigned char* matrix, const unsigned char* ups, \
        const spillway::RoundedBlock* in, void* out, const float* bias, const int* work, const int* lists, const int* counts, \
        long long expertBytes, int listStride, int entriesPerRow, int rows, int outputs, int columns, int outStride, int mode, int isBf16, \
        int panels) { \
        const spillway::PackedBlock block = spillway::packedBlock(matrix, ups, out, bias, work, lists, counts, expertBytes, listStride, \
            entriesPerRow, rows, outputs, outStride, mode, isBf16, tiles * 8); \
        if (block.rows.count > 0) { \
            spillway::gemvPacked<format, tiles>(block.gates, block.ups, in, columns, panels, block.rows, block.results, \
                !work); \
        } \
    } \
    KERNEL(name)

GEMV_PACKED_KERNEL(gemv_q8_0_8, PACKED_Q8_0, 1)
GEMV_PACKED_KERNEL(gemv_q4_0_8, PACKED_Q4_0, 1)
GEMV_PACKED_KERNEL(gemv_q4_k_8, PACKED_Q4_K, 1)
GEMV_PACKED_KERNEL(gemv_q4_m_8, PACKED_Q4_M, 1)
GEMV_PACKED_KERNEL(gemv_q8_g_8, PACKED_Q8_G, 1)
GEMV_PACKED_KERNEL(gemv_q8_m_8, PACKED_Q8_M, 1)
GEMV_PACKED_KERNEL(gemv_q6_k_8, PACKED_Q6_K, 1)
GEMV_PACKED_KERNEL(gemv_q8_0_16, PACKED_Q8_0, 2)
GEMV_PACKED_KERNEL(gemv_q4_0_16, PACKED_Q4_0, 2)
GEMV_PACKED_KERNEL(gemv_q4_k_16, PACKED_Q4_K, 2)
GEMV_PACKED_KERNEL(gemv_q4_m_16, PACKED_Q4_M, 2)
GEMV_PACKED_KERNEL(gemv_q8_g_16, PACKED_Q8_G, 2)
GEMV_PACKED_KERNEL(gemv_q8_m_16, PACKED_Q8_M, 2)
GEMV_PACKED_KERNEL(gemv_q6_k_16, PACKED_Q6_K, 2)

/** Eight-bit floats by few rows of halves; as above. in: [rows][inStride] */
#define GEMV_F8_KERNEL(name, kind) \
    extern "C" __global__ void __launch_bounds__(GEMV_THREADS, 2) name(const unsigned char* matrix, const unsigned char* ups, \
        const unsigned short* in, void* out, const float* bias, const int* work, const int* lists, const int* counts, long long expertBytes, \
        int listStride, int entriesPerRow, int rows, int outputs, int columns, int inStride, int outStride, int mode, int panels) { \
        const spillway::PackedBlock block = spillway::packedBlock(matrix, ups, out, bias, work, lists, counts, expertBytes, listStride, \
            entriesPerRow, rows, outputs, outStride, mode, kind == KIND_BF16, 8); \
        if (block.rows.count > 0) { \
            spillway::gemvF8<kind>(block.gates, block.ups, in, inStride, columns, panels, block.rows, block.results, \
                !work); \
        } \
    } \
    KERNEL(name)

GEMV_F8_KERNEL(gemv_f8_f16, KIND_F16)
GEMV_F8_KERNEL(gemv_f8_bf16, KIND_BF16)
