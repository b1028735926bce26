// Tensor cores and asynchronous copies, one warp or thread at a time, as sm_80 and later have them. What the hardware does in one
// instruction, the tests' shim does through its lane exchange on the same fragments: an index that is wrong here is wrong there.
//
// Fragments of lane 4 * g + t (g below 8, t below 4); a pair is two halves in one register, the lower index in the low bits:
//   A [16 rows][16 inner]  a[0] = (g, 2t) and (g, 2t + 1); a[1] = row g + 8; a[2] = inner + 8; a[3] = both
//   B [16 inner][8 columns] b0 = (2t, g) and (2t + 1, g); b1 = inner + 8
//   sums [16][8]           sums[0] = (g, 2t), sums[1] = (g, 2t + 1), sums[2], sums[3] = row g + 8
#pragma once
#include "device.cuh"

#define KIND_F16 0
#define KIND_BF16 1

namespace spillway {

/** Two floats as a pair of halves, to the nearest, ties to even; low stands in the low bits. */
template <int KIND> __device__ __forceinline__ unsigned pairOf(float low, float high) {
#ifdef SPILLWAY_SHIM
    const unsigned a = KIND == KIND_BF16 ? __bfloat16_as_ushort(__float2bfloat16_rn(low)) : halfFromFloat(low);
    const unsigned b = KIND == KIND_BF16 ? __bfloat16_as_ushort(__float2bfloat16_rn(high)) : halfFromFloat(high);
    return a | b << 16;
#else
    unsigned pair;
    if constexpr (KIND == KIND_BF16) {
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    } else {
        asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    }
    return pair;
#endif
}

template <int KIND> __device__ __forceinline__ float lowOf(unsigned pair) {
    return KIND == KIND_BF16 ? __uint_as_float(pair << 16) : lowHalf(pair);
}

template <int KIND> __device__ __forceinline__ float highOf(unsigned pair) {
    return KIND == KIND_BF16 ? __uint_as_float(pair & 0xFFFF0000u) : highHalf(pair);
}

/** sums += A * B: products are exact, sums f32 in an order of the hardware's. The whole warp. sums: 4, a: 4 */
template <int KIND> __device__ __forceinline__ void multiplyHalves(float* sums, const unsigned* a, unsigned b0, unsigned b1) {
#ifdef SPILLWAY_SHIM
    shim::multiplyHalves(KIND == KIND_BF16, sums, a, b0, b1, __LINE__);
#else
    if constexpr (KIND == KIND_BF16) {
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    } else {
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    }
#endif
}

/**
 * Four matrices of 8 by 8 halves from shared memory. Lane l names row l % 8 of matrix l / 8: 16 bytes, 16-byte aligned. pairs[m] =
 * (g, 2t) and (g, 2t + 1) of matrix m. The whole warp. pairs: 4
 */
__device__ __forceinline__ void loadMatrices(unsigned* pairs, const void* row) {
#ifdef SPILLWAY_SHIM
    shim::loadMatrices(pairs, row, false, __LINE__);
#else
    const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
        : "=r"(pairs[0]), "=r"(pairs[1]), "=r"(pairs[2]), "=r"(pairs[3]) : "r"(at) : "memory");
#endif
}

/** The same, every matrix transposed: pairs[m] = (2t, g) and (2t + 1, g) of matrix m as it lies in memory. */
__device__ __forceinline__ void loadTransposed(unsigned* pairs, const void* row) {
#ifdef SPILLWAY_SHIM
    shim::loadMatrices(pairs, row, true, __LINE__);
#else
    const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
        : "=r"(pairs[0]), "=r"(pairs[1]), "=r"(pairs[2]), "=r"(pairs[3]) : "r"(at) : "memory");
#endif
}

/** Begins to copy 16 bytes from device to shared memory, or zeros where there is nothing to copy; `from` must be a real address anyway. */
__device__ __forceinline__ void copyLater(void* shared, const void* from, bool exists = true) {
#ifdef SPILLWAY_SHIM
    shim::copyLater(shared, from, exists);
#else
    const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(shared));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(exists ? 16 : 0) : "memory");
#endif
}

/** The copies that this thread began since the last call are a group. */
__device__ __forceinline__ void closeCopies() {
#ifdef SPILLWAY_SHIM
    shim::closeCopies();
#else
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/** Waits until at most GROUPS of this thread's groups are under way. Other threads see the copies after a barrier. */
template <int GROUPS> __device__ __forceinline__ void awaitCopies() {
#ifdef SPILLWAY_SHIM
    shim::awaitCopies(GROUPS);
#else
    asm volatile("cp.async.wait_group %0;" ::"n"(GROUPS) : "memory");
#endif
}

} // namespace spillway
