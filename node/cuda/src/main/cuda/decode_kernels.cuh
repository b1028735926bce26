// The launches of decode attention: items, outputs, and the merging of a row's items.
#pragma once
#include "decode.cuh"
#include "merge.cuh"
#include "plan.cuh"

namespace spillway {

struct DecodePlaces {
    const half_bits* queries;
    const unsigned char* slab; // moved to the layer
    const int* sequences;
    const int* tables;
    int* work;
    float* parts;
    const float* sinks;
    half_bits* out;
    int itemsMax;
};

/**
 * Merges the items of a row's heads in their order. parts: those of the first item's first head; itemStride: floats from item to item;
 * factors: [GROUP_MAX][PARTS_MAX]; inverses: [GROUP_MAX], both in shared memory
 */
template <int THREADS> __device__ void mergeItems(const float* parts, size_t itemStride, int count, const float* sinks, half_bits* out,
    const DecodeShape& shape, int group, float* factors, float* inverses) {
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int headDim = shape.headDim;
    for (int h = warp; h < group; h += THREADS / 32) {
        const float* const tails = parts + h * (headDim + 2) + headDim; // maximum, total
        float greatest = sinks ? sinks[h] : -INFINITY;
        for (int p = lane; p < count; p += 32) {
            const float maximum = __ldcg(tails + p * itemStride);
            greatest = maximum > greatest ? maximum : greatest;
        }
        greatest = warpMaximum(greatest);
        float total = 0;
        for (int p = lane; p < count; p += 32) {
            const float factor = expOf(__ldcg(tails + p * itemStride) - greatest);
            factors[h * PARTS_MAX + p] = factor;
            total = fmaf(__ldcg(tails + p * itemStride + 1), factor, total);
        }
        total = warpSum(total);
        if (lane == 0) {
            inverses[h] = 1.0f / (sinks ? total + expOf(sinks[h] - greatest) : total);
        }
    }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < group * headDim; i += THREADS) {
        const int h = i / headDim;
        const float* const numbers = parts + h * (headDim + 2) + i % headDim;
        float sum = 0;
        int p = 0;
        for (; p + 8 <= count; p += 8) { // eight loads under way
            float loaded[8];
            UNROLL for (int k = 0; k < 8; k++) {
                loaded[k] = __ldcg(numbers + (p + k) * itemStride);
            }
            UNROLL for (int k = 0; k < 8; k++) {
                sum = fmaf(loaded[k], factors[h * PARTS_MAX + p + k], sum);
            }
        }
        for (; p < count; p++) {
            sum = fmaf(__ldcg(numbers + p * itemStride), factors[h * PARTS_MAX + p], sum);
        }
        out[i] = halfOf(sum * inverses[h], shape.isBf16);
    }
}

template <int ELEMENT, int DIMS> __device__ __forceinline__ void attendItems(const DecodeShape& shape, const DecodePlaces& places) {
    typedef Decode<ELEMENT, DIMS> Work;
    SHARED(float, buffer, Work::BUFFER);
    SHARED(float, heads, 2 * GROUP_MAX);
    SHARED(float, perWarp, 3 * 4 * GROUP_MAX);
    SHARED(int, flag, 2);
    launchDependents();
    awaitPrevious();
    const int thread = static_cast<int>(threadIdx.x);
    const int perHead = shape.heads / shape.kvHeads;
    const int groups = (perHead + GROUP_MAX - 1) / GROUP_MAX; // of one kv head
    const int groupSize = (perHead + groups - 1) / groups;
    const int kvHead = static_cast<int>(blockIdx.x) / groups;
    const int inHead = static_cast<int>(blockIdx.x) % groups * groupSize;
    const int firstHead = kvHead * perHead + inHead;
    const int group = perHead - inHead < groupSize ? perHead - inHead : groupSize;
    const float* const sinks = places.sinks ? places.sinks + firstHead : nullptr;
    const int count = __ldcg(places.work);
    const int4* const items = reinterpret_cast<const int4*>(places.work) + 1;
    int* const taken = places.work + 4 + 4 * places.itemsMax + blockIdx.x;
    int i = static_cast<int>(blockIdx.y);
    int4 item = __ldcg(items + (i < places.itemsMax ? i : 0)); // not behind the count
    while (i < count) { // the first by number, then whichever is next
        const int takenBefore = thread == 0 ? atomicAdd(taken, 1) : 0;
        const int row = item.x;
        const int part = item.w >> 16;
        const int parts = item.w & 0xFFFF;
        const size_t head = static_cast<size_t>(row) * shape.heads + firstHead;
        Work work(shape, {places.slab, places.tables + static_cast<size_t>(places.sequences[row]) * shape.tableStride, buffer, kvHead, group,
            item.y, item.z});
        work.loadQueries(places.queries + head * shape.headDim);
        work.attend();
        work.mergeWarps(heads, perWarp);
        const size_t itemStride = static_cast<size_t>(shape.heads) * (shape.headDim + 2);
        float* const mine = places.parts + i * itemStride + firstHead * (shape.headDim + 2);
        for (int k = thread; k < Work::PARTS_OF_DIMS * group * Work::OUT_CHUNKS * 64; k += Work::THREADS) {
            const int n = k % (Work::OUT_CHUNKS * 64);
            const int h = k / (Work::OUT_CHUNKS * 64) % group;
            const int dimsPart = k / (Work::OUT_CHUNKS * 64) / group;
            const int d = work.dimensionOf(dimsPart, n);
            if (d >= 0) {
                const float sum = work.sumAt(dimsPart, h, n);
                if (parts > 1) {
                    mine[h * (shape.headDim + 2) + d] = sum;
                } else {
                    const float greatest = sinks && sinks[h] > heads[h] ? sinks[h] : heads[h];
                    const float factor = expOf(heads[h] - greatest);
                    const float total = fmaf(heads[GROUP_MAX + h], factor, sinks ? expOf(sinks[h] - greatest) : 0.0f);
                    places.out[(head + h) * shape.headDim + d] = halfOf(sum * factor / total, shape.isBf16);
                }
            }
        }
        if (parts > 1) {
            if (thread < group) {
                mine[thread * (shape.headDim + 2) + shape.headDim] = heads[thread];
                mine[thread * (shape.headDim + 2) + shape.headDim + 1] = heads[GROUP_MAX + thread];
            }
            int* const arrivals = taken + (row + 1) * static_cast<int>(gridDim.x);
            if (arrivesLast(arrivals, parts, flag)) { // the same for every thread
                mergeItems<Work::THREADS>(mine - part * itemStride, itemStride, parts, sinks, places.out + head * shape.headDim, shape, group,
                    buffer, perWarp);
            }
        }
        if (thread == 0) {
            flag[1] = static_cast<int>(gridDim.y) + takenBefore;
            if (takenBefore == count - 1) { // every item is taken from once
                *taken = 0;
            }
        }
        __syncthreads();
        i = flag[1];
        item = __ldcg(items + (i < places.itemsMax ? i : 0));
    }
}

} // namespace spillway

/**
 * Attention of rows over the paged cache: one kernel for every element and head width. Grid: x head groups (kv heads, cut where more than
 * GROUP_MAX heads share one), y any number of blocks; each takes an item of attend_plan after the other.
 *
 * queries, out: [rows][heads * headDim] halves, bf16 where isBf16; sequences: [rows]; tables: [sequences][tableStride]
 * work: attend_plan's; parts: [itemsMax][heads][headDim + 2] floats; sinks: [heads] or null; softcap: 0 = none
 * headDim is a multiple of 16, blockTokens of 16.
 */
#define DECODE_KERNEL(name, element, dims, blocks) \
    extern "C" __global__ void __launch_bounds__(spillway::Decode<element, dims>::THREADS, blocks) name(const unsigned short* queries, \
        const unsigned char* slab, const int* sequences, const int* tables, int* work, float* parts, const float* sinks, unsigned short* out, \
        long long blockBytes, long long layerOffset, int heads, int kvHeads, int headDim, int blockTokens, int tableStride, int itemsMax, \
        int isBf16, float scale, float softcap) { \
        const spillway::DecodeShape shape = {blockBytes, heads, kvHeads, headDim, blockTokens, tableStride, isBf16 != 0, scale, softcap}; \
        spillway::attendItems<element, dims>(shape, {queries, slab + layerOffset, sequences, tables, work, parts, sinks, out, itemsMax}); \
    } \
    KERNEL(name)

#define DECODE_KERNELS(name, element) \
    DECODE_KERNEL(name##_64, element, 64, 4) \
    DECODE_KERNEL(name##_128, element, 128, 3) \
    DECODE_KERNEL(name##_256, element, 256, 1)

DECODE_KERNELS(attend_decode_f16, KV_F16)
DECODE_KERNELS(attend_decode_bf16, KV_BF16)
DECODE_KERNELS(attend_decode_f8, KV_F8)
DECODE_KERNELS(attend_decode_i8, KV_I8)
DECODE_KERNELS(attend_decode_i4, KV_I4)
