// What blocks of decode attention do: planned on the device, once a step for all layers of one window, so that a captured launch suits
// every step. Work: ints [4]: number of items; then [itemsMax] items of 4 ints: row, first position, end, part << 16 | parts of the row;
// then [head groups] items taken and [rows][head groups] items done, which are 0 between launches.
#pragma once
#include "decode.cuh"

#define PLAN_THREADS 256
#define ROUNDS_MAX 8       // items that a block takes, where it is to be items of equal length
#define INVARIANT_TILES 4  // at least, of an item
#define INVARIANT_PARTS 32 // at most, of a row

namespace spillway {

struct RowRange {
    int from, to, tiles;
};

__device__ __forceinline__ RowRange rangeOf(int position, int windowTokens) {
    const int from = windowTokens > 0 && position + 1 > windowTokens ? position + 1 - windowTokens : 0;
    return {from, position + 1, position < 0 ? 0 : position / PLAN_TILE - from / PLAN_TILE + 1};
}

/** The sum of all threads before this one, in *total of all. perWarp: room for 32 */
__device__ __forceinline__ int sumBefore(int mine, int* perWarp, int* total) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    int sum = mine;
    for (int lanes = 1; lanes < 32; lanes *= 2) {
        const int other = __shfl_up_sync(FULL_WARP, sum, lanes);
        sum += lane >= lanes ? other : 0;
    }
    if (lane == 31) {
        perWarp[warp] = sum;
    }
    __syncthreads();
    int before = 0;
    int all = 0;
    for (int w = 0; w < PLAN_THREADS / 32; w++) {
        before += w < warp ? perWarp[w] : 0;
        all += perWarp[w];
    }
    __syncthreads();
    *total = all;
    return before + sum - mine;
}

/** Tiles of each item of a row; a multiple of the row's parts, but for the last. */
__device__ __forceinline__ int tilesOfItem(int tiles, int target, bool isInvariant) {
    int wanted = target;
    if (isInvariant) {
        const int least = (tiles + INVARIANT_PARTS - 1) / INVARIANT_PARTS;
        wanted = least > INVARIANT_TILES ? least : INVARIANT_TILES;
    }
    const int parts = (tiles + wanted - 1) / wanted;
    const int kept = parts < PARTS_MAX ? parts : PARTS_MAX;
    return (tiles + kept - 1) / kept;
}

/** Items of the rows from `first` to `end`. */
__device__ __forceinline__ int itemsOf(const int* positions, int first, int end, int windowTokens, int target, bool isInvariant) {
    int items = 0;
    for (int row = first; row < end; row++) {
        const int tiles = rangeOf(positions[row], windowTokens).tiles;
        if (tiles > 0) {
            const int step = tilesOfItem(tiles, target, isInvariant);
            items += (tiles + step - 1) / step;
        }
    }
    return items;
}

} // namespace spillway

/**
 * Cuts the rows' positions into items, one for each of `blocks` or a few, such that all blocks are done at about the same time; or, where
 * isInvariant, by each row's own length alone. Rows at
 * negative positions have none. One block of PLAN_THREADS.
 */
extern "C" __global__ void __launch_bounds__(PLAN_THREADS) attend_plan(const int* positions, int* work, int rows, int headGroups,
    int itemsMax, int windowTokens, int blocks, int isInvariant) {
    SHARED(int, perWarp, 32);
    spillway::launchDependents();
    spillway::awaitPrevious();
    const int thread = static_cast<int>(threadIdx.x);
    const int each = (rows + PLAN_THREADS - 1) / PLAN_THREADS;
    const int first = thread * each;
    const int end = first + each < rows ? first + each : rows;
    int tiles = 0;
    for (int row = first; row < end; row++) {
        tiles += spillway::rangeOf(positions[row], windowTokens).tiles;
    }
    int all = 0;
    spillway::sumBefore(tiles, perWarp, &all);
    int target = 1;
    int count = 0;
    int at = 0;
    float least = INFINITY;
    for (int rounds = 1; rounds <= (isInvariant ? 1 : ROUNDS_MAX); rounds *= 2) {
        const int tried = (all + blocks * rounds - 1) / (blocks * rounds);
        const int mine = spillway::itemsOf(positions, first, end, windowTokens, tried, isInvariant != 0);
        int items = 0;
        const int before = spillway::sumBefore(mine, perWarp, &items);
        // Tiles that the busiest block has, if items are alike, and half a tile for each item's beginning and end.
        const float cost = static_cast<float>((items + blocks - 1) / blocks) * (static_cast<float>(all) / static_cast<float>(items) + 0.5f);
        if (rounds == 1 || cost < least) {
            least = cost;
            target = tried;
            count = items;
            at = before;
        }
    }
    for (int row = first; row < end; row++) {
        const spillway::RowRange range = spillway::rangeOf(positions[row], windowTokens);
        if (range.tiles > 0) {
            const int step = spillway::tilesOfItem(range.tiles, target, isInvariant != 0);
            const int parts = (range.tiles + step - 1) / step;
            const int firstTile = range.from / PLAN_TILE;
            for (int part = 0; part < parts; part++, at++) {
                const int from = (firstTile + part * step) * PLAN_TILE;
                const int to = from + step * PLAN_TILE;
                reinterpret_cast<int4*>(work)[1 + at] = {row, from > range.from ? from : range.from, to < range.to ? to : range.to, part << 16 | parts};
            }
        }
    }
    for (int i = thread; i < (rows + 1) * headGroups; i += PLAN_THREADS) {
        work[4 + 4 * itemsMax + i] = 0; // taken, done
    }
    if (thread == 0) {
        work[0] = count;
    }
}
KERNEL(attend_plan)
