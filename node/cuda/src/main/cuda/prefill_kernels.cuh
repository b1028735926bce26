// The launches of prefill attention: work, outputs, and the merging of parts where few queries attend to many tokens.
#pragma once
#include "merge.cuh"
#include "prefill.cuh"

namespace spillway {

struct PrefillPlaces {
    const half_bits* queries;
    const unsigned char* slab; // moved to the layer
    const int* positions;
    const int* tables;
    const int* work;
    int* arrivals;
    float* parts;
    const float* sinks;
    half_bits* out;
};

/** Results of this block's part: [tile rows][headDim + 2], sums, maximum in powers of two, total. */
template <typename Work> __device__ __forceinline__ void writePart(const Work& work, float* part) {
    const int headDim = work.shape.headDim;
    UNROLL for (int m = 0; m < Work::M; m++) {
        UNROLL for (int h = 0; h < 2; h++) {
            float* const row = part + static_cast<size_t>(work.rowOf(m, h)) * (headDim + 2);
            UNROLL for (int n = 0; n < Work::PIECES; n++) {
                if (n * 8 < headDim) {
                    *reinterpret_cast<float2*>(row + n * 8 + work.lane % 4 * 2) = {work.out[m][n][2 * h], work.out[m][n][2 * h + 1]};
                }
            }
            if (work.lane % 4 == 0) {
                row[headDim] = work.maximum[m][h];
                row[headDim + 1] = work.total[m][h];
            }
        }
    }
}

/** sinks, out: of the tile's first head and row */
template <typename Work> __device__ __forceinline__ void writeRows(const Work& work, const float* sinks, half_bits* out) {
    const int headDim = work.shape.headDim;
    UNROLL for (int m = 0; m < Work::M; m++) {
        UNROLL for (int h = 0; h < 2; h++) {
            const int row = work.rowOf(m, h) / work.tile.group;
            const int head = work.rowOf(m, h) % work.tile.group;
            if (row < work.tile.rows) {
                const float sink = sinks ? sinks[head] * LOG2_E : -INFINITY;
                const float greatest = fmaxf(work.maximum[m][h], sink);
                const float factor = exp2Of(work.maximum[m][h] - greatest);
                const float inverse = factor / fmaf(work.total[m][h], factor, exp2Of(sink - greatest));
                half_bits* const to = out + (static_cast<size_t>(row) * work.shape.heads + head) * headDim + work.lane % 4 * 2;
                UNROLL for (int n = 0; n < Work::PIECES; n++) {
                    if (n * 8 < headDim) {
                        const float low = work.out[m][n][2 * h] * inverse;
                        const float high = work.out[m][n][2 * h + 1] * inverse;
                        *reinterpret_cast<unsigned*>(to + n * 8) = work.shape.isBf16 ? pairOf<KIND_BF16>(low, high) : pairOf<KIND_F16>(low, high);
                    }
                }
            }
        }
    }
}

/** Merges a tile's parts in their order. parts: the first; stride: floats from part to part; factors: [count][tile rows] in shared memory */
template <typename Work> __device__ __forceinline__ void mergeParts(const Work& work, const float* parts, size_t stride, int count,
    const float* sinks, half_bits* out, float* factors) {
    const int headDim = work.shape.headDim;
    const int rows = work.tile.rows * work.tile.group;
    for (int m = work.thread; m < rows; m += PREFILL_THREADS) {
        const float* const tails = parts + static_cast<size_t>(m) * (headDim + 2) + headDim;
        const float sink = sinks ? sinks[m % work.tile.group] * LOG2_E : -INFINITY;
        float greatest = sink;
        for (int p = 0; p < count; p++) {
            greatest = fmaxf(greatest, __ldcg(tails + p * stride));
        }
        float total = exp2Of(sink - greatest);
        for (int p = 0; p < count; p++) {
            total = fmaf(__ldcg(tails + p * stride + 1), exp2Of(__ldcg(tails + p * stride) - greatest), total);
        }
        for (int p = 0; p < count; p++) {
            factors[p * Work::TILE + m] = exp2Of(__ldcg(tails + p * stride) - greatest) / total;
        }
    }
    __syncthreads();
    for (int i = work.thread; i < rows * headDim; i += PREFILL_THREADS) {
        const int m = i / headDim;
        const float* const numbers = parts + static_cast<size_t>(m) * (headDim + 2) + i % headDim;
        float sum = 0;
        for (int p = 0; p < count; p++) {
            sum = fmaf(__ldcg(numbers + p * stride), factors[p * Work::TILE + m], sum);
        }
        out[(static_cast<size_t>(m / work.tile.group) * work.shape.heads + m % work.tile.group) * headDim + i % headDim] =
            halfOf(sum, work.shape.isBf16);
    }
}

template <int ELEMENT, int DIMS> __device__ __forceinline__ void attendTile(const PrefillShape& shape, const PrefillPlaces& places) {
    typedef Prefill<ELEMENT, DIMS> Work;
    DYNAMIC_SHARED(unsigned char, shared);
    SHARED(int, entries, 8);
    launchDependents();
    awaitPrevious();
    const int4 item = __ldcg(reinterpret_cast<const int4*>(places.work) + blockIdx.y);
    const int part = item.w >> 16;
    const int parts = item.w & 0xFFFF;
    const int perHead = shape.heads / shape.kvHeads;
    const int groups = (perHead + Work::TILE - 1) / Work::TILE; // of one kv head
    const int groupSize = (perHead + groups - 1) / groups;
    const int kvHead = static_cast<int>(blockIdx.x) / groups;
    const int inHead = static_cast<int>(blockIdx.x) % groups * groupSize;
    const int firstHead = kvHead * perHead + inHead;
    const int position = places.positions[item.y];
    const int from = shape.windowTokens > 0 && position + 1 > shape.windowTokens ? (position + 1 - shape.windowTokens) / 64 * 64 : 0;
    const int end = position + item.z;
    const int step = ((end - from + 63) / 64 + parts - 1) / parts * 64;
    const int partFrom = from + part * step;
    const PrefillTile tile = {places.slab, places.tables + static_cast<size_t>(item.x) * shape.tableStride, kvHead, firstHead,
        perHead - inHead < groupSize ? perHead - inHead : groupSize, item.z, position, partFrom, partFrom + step < end ? partFrom + step : end};
    const size_t first = (static_cast<size_t>(item.y) * shape.heads + firstHead) * shape.headDim;
    const float* const sinks = places.sinks ? places.sinks + firstHead : nullptr;
    Work work(shape, tile, shared, entries);
    work.loadQueries(places.queries + first);
    work.attend();
    if (parts == 1) {
        writeRows(work, sinks, places.out + first);
        return; // the whole block
    }
    const size_t partFloats = static_cast<size_t>(Work::TILE) * (shape.headDim + 2);
    const size_t stride = partFloats * gridDim.x;
    float* const mine = places.parts + (static_cast<size_t>(blockIdx.y) * gridDim.x + blockIdx.x) * partFloats;
    writePart(work, mine);
    int* const arrivals = places.arrivals + (static_cast<int>(blockIdx.y) - part) * static_cast<int>(gridDim.x) + static_cast<int>(blockIdx.x);
    if (arrivesLast(arrivals, parts, entries)) { // the same for every thread
        mergeParts(work, mine - part * stride, stride, parts, sinks, places.out + first, reinterpret_cast<float*>(shared));
    }
}

} // namespace spillway

/**
 * Attention of chunks of rows: one kernel for every element and head width. Grid: x head groups (kv heads, cut where more heads share one
 * than a tile has rows), y items of work; block: PREFILL_THREADS; dynamic shared memory: SHARED_BYTES.
 *
 * queries, out: [rows][heads * headDim] halves, bf16 where isBf16; positions: [rows], consecutive within an item; tables: [sequences][tableStride]
 * work: items of 4 ints: sequence, first row, rows (times heads of a group at most a tile), part << 16 | parts, the parts of a tile one after
 * the other; arrivals: [items][head groups], 0 between launches; parts: [items][head groups][tile rows][headDim + 2] floats; sinks: [heads] or
 * null; windowTokens, softcap: 0 = none; scale is positive. headDim is a multiple of 16, blockTokens of 16.
 */
#define PREFILL_KERNEL(name, element, dims) \
    extern "C" __global__ void __launch_bounds__(PREFILL_THREADS, 2) name(const unsigned short* queries, const unsigned char* slab, \
        const int* positions, const int* tables, const int* work, int* arrivals, float* parts, const float* sinks, unsigned short* out, \
        long long blockBytes, long long layerOffset, int heads, int kvHeads, int headDim, int blockTokens, int tableStride, int isBf16, \
        int windowTokens, float scale, float softcap) { \
        const spillway::PrefillShape shape = {blockBytes, heads, kvHeads, headDim, blockTokens, tableStride, isBf16 != 0, windowTokens, scale, \
            softcap}; \
        spillway::attendTile<element, dims>(shape, {queries, slab + layerOffset, positions, tables, work, arrivals, parts, sinks, out}); \
    } \
    KERNEL(name)

#define PREFILL_KERNELS(name, element) \
    PREFILL_KERNEL(name##_64, element, 64) \
    PREFILL_KERNEL(name##_128, element, 128) \
    PREFILL_KERNEL(name##_256, element, 256)

PREFILL_KERNELS(attend_prefill_f16, KV_F16)
PREFILL_KERNELS(attend_prefill_bf16, KV_BF16)
PREFILL_KERNELS(attend_prefill_f8, KV_F8)
PREFILL_KERNELS(attend_prefill_i8, KV_I8)
PREFILL_KERNELS(attend_prefill_i4, KV_I4)
