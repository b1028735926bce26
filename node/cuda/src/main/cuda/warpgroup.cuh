// What Hopper adds, on sm_90a alone: products of whole warpgroups (four neighbouring warps) that read both operands from shared memory,
// and barriers that count arrivals. The tests' shim runs a product when it is waited for, and its sums hold NaNs until then.
//
// Operands stand in shared memory as tiles.cuh says: rows of 128 bytes, chunks swapped by the row, beginning at a multiple of 1024 bytes.
// Sums of a warpgroup: [64 outputs][N rows]; warp w, lane 4 * g + t: sums[4 * j + i] = (16 * w + g + i / 2 * 8, 8 * j + 2 * t + i % 2)
#pragma once
#include "tensor.cuh"

#if defined(SPILLWAY_SHIM) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HAS_WARPGROUPS 1
#else
#define HAS_WARPGROUPS 0
#endif

namespace spillway {

typedef unsigned long long arrivals;

/** Where an operand of a product begins, as the hardware is told: 128-byte swizzle, 1024 bytes from 8 rows to the next. */
__device__ __forceinline__ unsigned long long operandAt(const void* shared) {
#ifdef SPILLWAY_SHIM
    const unsigned at = shim::sharedOffset(shared);
#else
    const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(shared));
#endif
    return (at & 0x3FFFFu) >> 4 | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

#if HAS_WARPGROUPS

__device__ __forceinline__ void beginArrivals(arrivals* barrier, int count) {
#ifdef SPILLWAY_SHIM
    shim::beginArrivals(barrier, count);
#else
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(barrier))), "r"(count) : "memory");
#endif
}

__device__ __forceinline__ void arrive(arrivals* barrier) {
#ifdef SPILLWAY_SHIM
    shim::arrive(barrier);
#else
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(barrier))) : "memory");
#endif
}

/** Waits for the end of the barrier's phase of that parity; of a new barrier the phase of parity 1 counts as ended. */
__device__ __forceinline__ void awaitArrivals(arrivals* barrier, unsigned parity) {
#ifdef SPILLWAY_SHIM
    shim::awaitArrivals(barrier, parity, __LINE__);
#else
    const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(barrier));
    unsigned ended = 0;
    while (!ended) {
        asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
            : "=r"(ended) : "r"(at), "r"(parity) : "memory");
    }
#endif
}

/** A warpgroup gives registers back, so that others can have them. */
template <int COUNT> __device__ __forceinline__ void registersAtMost() {
#ifndef SPILLWAY_SHIM
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(COUNT));
#endif
}

/** A warpgroup waits for more registers. */
template <int COUNT> __device__ __forceinline__ void registersAtLeast() {
#ifndef SPILLWAY_SHIM
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(COUNT));
#endif
}

/** What this thread has written to shared memory is there for products that are begun after a barrier. */
__device__ __forceinline__ void fenceOperands() {
#ifndef SPILLWAY_SHIM
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

/** Before the first product, and after sums were written otherwise. */
__device__ __forceinline__ void beginProducts() {
#ifndef SPILLWAY_SHIM
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}

/** Products since the last call are a group. */
__device__ __forceinline__ void closeProducts() {
#ifdef SPILLWAY_SHIM
    shim::closeProducts();
#else
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#endif
}

/** Waits until at most GROUPS of them are under way. */
template <int GROUPS> __device__ __forceinline__ void awaitProducts() {
#ifdef SPILLWAY_SHIM
    shim::awaitProducts(GROUPS);
#else
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(GROUPS) : "memory");
#endif
}

#define SUMS_8(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define SUMS_32(i) SUMS_8(i), SUMS_8(i + 8), SUMS_8(i + 16), SUMS_8(i + 24)
#define SUMS_128(i) SUMS_32(i), SUMS_32(i + 32), SUMS_32(i + 64), SUMS_32(i + 96)

#define REGISTERS_32 \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"

#define REGISTERS_64 \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"

#define REGISTERS_128 \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, " \
    "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, " \
    "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, " \
    "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, " \
    "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"

// flag 0: the sums begin with this product
#define WARPGROUP_PRODUCT(n, type, registers, a, b, flag, ...) \
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %" flag ", 0; wgmma.mma_async.sync.aligned.m64n" n "k16.f32." type "." type " {" registers "}, %" a \
        ", %" b ", p, 1, 1, 0, 0; }" \
        : __VA_ARGS__ : "l"(left), "l"(right), "r"(adds))

/** Begins sums = A * B, or sums += A * B: 64 outputs by N rows over 16 columns. The whole warpgroup; sums: N / 2 */
template <int KIND, int N> __device__ __forceinline__ void multiplyWide(float* d, unsigned long long left, unsigned long long right, int adds) {
#ifdef SPILLWAY_SHIM
    shim::multiplyWide(KIND == KIND_BF16, N, d, left, right, adds);
#else

    if constexpr (N == 64 && KIND == KIND_F16) {
        WARPGROUP_PRODUCT("64", "f16", REGISTERS_32, "32", "33", "34", SUMS_32(0));
    } else if constexpr (N == 64 && KIND == KIND_BF16) {
        WARPGROUP_PRODUCT("64", "bf16", REGISTERS_32, "32", "33", "34", SUMS_32(0));
    } else if constexpr (N == 128 && KIND == KIND_F16) {
        WARPGROUP_PRODUCT("128", "f16", REGISTERS_64, "64", "65", "66", SUMS_32(0), SUMS_32(32));
    } else if constexpr (N == 128 && KIND == KIND_BF16) {
        WARPGROUP_PRODUCT("128", "bf16", REGISTERS_64, "64", "65", "66", SUMS_32(0), SUMS_32(32));
    } else if constexpr (N == 256 && KIND == KIND_F16) {
        WARPGROUP_PRODUCT("256", "f16", REGISTERS_128, "128", "129", "130", SUMS_128(0));
    } else if constexpr (N == 256 && KIND == KIND_BF16) {
        WARPGROUP_PRODUCT("256", "bf16", REGISTERS_128, "128", "129", "130", SUMS_128(0));
    }
#endif
}

#endif // HAS_WARPGROUPS

} // namespace spillway
