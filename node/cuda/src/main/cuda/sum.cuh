// What every GPU of a group has, added: each reads all parts itself.
#pragma once
#include "halves.cuh"

/**
 * out[i] = ((part 0 [i] + part 1 [i]) + part 2 [i]) + …, in f32 and in this order on every GPU: all get the same bits. parts: [ranks]
 * addresses on this GPU and its peers. kind: of the numbers. Grid: x shares.
 */
extern "C" __global__ void sum_parts(const unsigned long long* parts, void* out, long long count, int ranks, int kind) {
    const size_t threads = static_cast<size_t>(gridDim.x) * blockDim.x;
    const size_t thread = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    bool isWide = spillway::isAligned(out, 16);
    for (int r = 0; r < ranks; r++) {
        isWide = isWide && parts[r] % 16 == 0;
    }
    const size_t wide = isWide ? count / 8 * 8 : 0;
    for (size_t i = thread * 8; i < wide; i += threads * 8) {
        float sum[8];
        spillway::readEight(reinterpret_cast<const void*>(parts[0]), i, kind, sum);
        for (int r = 1; r < ranks; r++) {
            float x[8];
            spillway::readEight(reinterpret_cast<const void*>(parts[r]), i, kind, x);
            UNROLL
            for (int j = 0; j < 8; j++) {
                sum[j] += x[j];
            }
        }
        spillway::writeEight(out, i, kind, sum);
    }
    for (size_t i = wide + thread; i < static_cast<size_t>(count); i += threads) {
        float sum = spillway::readOne(reinterpret_cast<const void*>(parts[0]), i, kind);
        for (int r = 1; r < ranks; r++) {
            sum += spillway::readOne(reinterpret_cast<const void*>(parts[r]), i, kind);
        }
        spillway::writeOne(out, i, kind, sum);
    }
}
KERNEL(sum_parts)
