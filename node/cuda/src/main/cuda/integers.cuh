// Tensor cores on eight-bit integers: sums of products are exact. Fragments of lane 4 * g + t; a word holds 4 neighbouring inner
// indices, the lowest in the low bits:
//   A [16 rows][32 inner]   a[0] = row g, inner 4t ...; a[1] = row g + 8; a[2] = inner + 16; a[3] = both
//   B [32 inner][8 columns] b0 = inner 4t ..., column g; b1 = inner + 16
//   sums [16][8]            as with halves
// With 16 inner indices a[0], a[1] and b0 are all there is.
#pragma once
#include "tensor.cuh"

namespace spillway {

/** sums = A * B over 32. The whole warp. sums: 4, a: 4 */
__device__ __forceinline__ void multiplyBytes(int* sums, const unsigned* a, unsigned b0, unsigned b1) {
#ifdef SPILLWAY_SHIM
    shim::multiplyBytes(sums, a, b0, b1, true, __LINE__);
#else
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
        : "=r"(sums[0]), "=r"(sums[1]), "=r"(sums[2]), "=r"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1), "r"(0));
#endif
}

/** sums = A * B over 16: a[0], a[1] and b0. */
__device__ __forceinline__ void multiplyFewBytes(int* sums, const unsigned* a, unsigned b0) {
#ifdef SPILLWAY_SHIM
    shim::multiplyBytes(sums, a, b0, 0, false, __LINE__);
#else
    asm volatile("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%7,%7,%7,%7};"
        : "=r"(sums[0]), "=r"(sums[1]), "=r"(sums[2]), "=r"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(b0), "r"(0));
#endif
}

} // namespace spillway
