// Stands in for the CUDA compiler's language where kernels are compiled by a C++ compiler for the CPU: a thread of a block is a
// fiber, one runs at a time, and barriers and warp operations switch fibers, so that they really synchronise. What the hardware
// would leave undefined is a fault: the launch ends and says what, where and which thread. See shim.cpp.
#pragma once
#define SPILLWAY_SHIM 1
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(bytes) alignas(bytes)

struct uint3 { unsigned x, y, z; };
struct alignas(8) float2 { float x, y; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(16) int4 { int x, y, z, w; };
struct __half { uint16_t bits; };
struct __nv_bfloat16 { uint16_t bits; };

namespace shim {
extern uint3 blockIndex, threadIndex, blockExtent, gridExtent;

enum class Op { shuffle, ballot, sync, together };

[[noreturn]] void fault(const char* what);
void barrier(int line);
/** All lanes of the mask meet here. Returns the value of lane `source`, or the ballot of the values. */
uint64_t meet(Op op, unsigned mask, uint64_t value, int source, int line);
/** All lanes of a warp meet here, each with its operands; when they are there, `work` runs once on the operands of all 32. */
void together(void (*work)(void** lanes), void* operands, int line);
/** Tensor cores on the fragments of tensor.cuh. */
void multiplyHalves(bool isBf16, float* sums, const unsigned* a, unsigned b0, unsigned b1, int line);
/** Over 32 inner indices, or 16: then b1 and a[2], a[3] are not read. */
void multiplyBytes(int* sums, const unsigned* a, unsigned b0, unsigned b1, bool isWide, int line);
/** Hopper's products of warpgroups and counting barriers, see warpgroup.cuh. */
unsigned sharedOffset(const void* shared);
void multiplyWide(bool isBf16, int n, float* sums, uint64_t left, uint64_t right, bool adds);
void closeProducts();
void awaitProducts(int groups);
void beginArrivals(unsigned long long* barrier, int count);
void arrive(unsigned long long* barrier);
void awaitArrivals(const unsigned long long* barrier, unsigned parity, int line);
void loadMatrices(unsigned* pairs, const void* row, bool transposed, int line);
/** Copies of 16 bytes that take place when they are waited for; until then their places hold 0xFF. */
void copyLater(void* shared, const void* from, bool exists);
void closeCopies();
void awaitCopies(int groups);
/** The same array for every thread of the block, filled with 0xFF before it, with a checked zone behind it. */
void* sharedArray(size_t bytes);
void* dynamicShared();

inline int lane() {
    return (threadIndex.x + blockExtent.x * (threadIndex.y + blockExtent.y * threadIndex.z)) % 32;
}

template <class T> uint64_t toBits(T value) {
    static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    return bits;
}

template <class T> T fromBits(uint64_t bits) {
    T value;
    std::memcpy(&value, &bits, sizeof(T));
    return value;
}

/** Calls a kernel with parameters given by address, as the driver does. */
template <auto F> struct Kernel;
template <class... A, void (*F)(A...)> struct Kernel<F> {
    static constexpr int count = sizeof...(A);
    static constexpr int sizes[] = {static_cast<int>(sizeof(A))..., 0};
    static void call(void** parameters) { callWith(parameters, std::index_sequence_for<A...>{}); }

    template <size_t... I> static void callWith(void** parameters, std::index_sequence<I...>) {
        F(*static_cast<A*>(parameters[I])...);
    }
};
} // namespace shim

#define blockIdx shim::blockIndex
#define threadIdx shim::threadIndex
#define blockDim shim::blockExtent
#define gridDim shim::gridExtent
#define __syncthreads() shim::barrier(__LINE__)
#define __syncwarp(...) shim::meet(shim::Op::sync, 0xFFFFFFFFu, 0, 0, __LINE__)
#define __shfl_xor_sync(mask, value, lanes) \
    shim::fromBits<std::decay_t<decltype(value)>>(shim::meet(shim::Op::shuffle, mask, shim::toBits(value), shim::lane() ^ (lanes), __LINE__))
#define __shfl_sync(mask, value, from) \
    shim::fromBits<std::decay_t<decltype(value)>>(shim::meet(shim::Op::shuffle, mask, shim::toBits(value), (from) % 32, __LINE__))
#define __shfl_down_sync(mask, value, by) \
    shim::fromBits<std::decay_t<decltype(value)>>(shim::meet(shim::Op::shuffle, mask, shim::toBits(value), \
        shim::lane() + (by) < 32 ? shim::lane() + (by) : shim::lane(), __LINE__))
#define __shfl_up_sync(mask, value, by) \
    shim::fromBits<std::decay_t<decltype(value)>>(shim::meet(shim::Op::shuffle, mask, shim::toBits(value), \
        shim::lane() >= (by) ? shim::lane() - (by) : shim::lane(), __LINE__))
#define __ballot_sync(mask, predicate) static_cast<unsigned>(shim::meet(shim::Op::ballot, mask, (predicate) ? 1 : 0, 0, __LINE__))
#define __any_sync(mask, predicate) (__ballot_sync(mask, predicate) != 0)
#define __all_sync(mask, predicate) (__ballot_sync(mask, predicate) == (mask))

#define UNROLL
#define SHARED(type, name, count) type* const name = static_cast<type*>(shim::sharedArray(sizeof(type) * (count)))
#define DYNAMIC_SHARED(type, name) type* const name = static_cast<type*>(shim::dynamicShared())
#define KERNEL(name) \
    extern "C" void shim_kernel_##name(void** parameters) { shim::Kernel<name>::call(parameters); } \
    extern "C" const int* shim_sizes_##name() { return shim::Kernel<name>::sizes; }

inline int __float_as_int(float x) { return shim::fromBits<int>(shim::toBits(x)); }
inline unsigned __float_as_uint(float x) { return shim::fromBits<unsigned>(shim::toBits(x)); }
inline float __int_as_float(int x) { return shim::fromBits<float>(shim::toBits(x)); }
inline float __uint_as_float(unsigned x) { return shim::fromBits<float>(shim::toBits(x)); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((static_cast<uint64_t>(a) * b) >> 32); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
template <class T> T __ldg(const T* at) { return *at; }
template <class T> T __ldcg(const T* at) { return *at; }
inline void __threadfence() {}
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
    const uint64_t both = static_cast<uint64_t>(b) << 32 | a;
    unsigned result = 0;
    for (int i = 0; i < 4; i++) {
        result |= static_cast<unsigned>(both >> (selector >> (4 * i) & 7) * 8 & 0xFF) << (8 * i);
    }
    return result;
}

inline int __dp4a(int a, int b, int sum) {
    for (int i = 0; i < 4; i++) {
        sum += static_cast<int8_t>(a >> (8 * i)) * static_cast<int8_t>(b >> (8 * i));
    }
    return sum;
}

template <class T> T atomicAdd(T* at, T value) {
    const T old = *at;
    *at = old + value;
    return old;
}

inline int atomicOr(int* at, int value) {
    const int old = *at;
    *at = old | value;
    return old;
}

inline unsigned short __half_as_ushort(__half x) { return x.bits; }
inline __half __ushort_as_half(unsigned short bits) { return {bits}; }
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 x) { return x.bits; }
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) { return {bits}; }
inline float __bfloat162float(__nv_bfloat16 x) { return __uint_as_float(static_cast<unsigned>(x.bits) << 16); }
inline __nv_bfloat16 __float2bfloat16_rn(float x) {
    const unsigned bits = __float_as_uint(x);
    return {static_cast<uint16_t>(x != x ? 0x7FFF : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16)};
}

inline float __half2float(__half x) {
    const unsigned sign = static_cast<unsigned>(x.bits & 0x8000) << 16;
    const unsigned rest = x.bits & 0x7FFF;
    if (rest >= 0x7C00) {
        return __uint_as_float(sign | 0x7F800000u | (rest & 0x3FF) << 13);
    }
    return __uint_as_float(sign | __float_as_uint(__uint_as_float(rest << 13) * 0x1p112f));
}

/** To the nearest, ties to even. */
inline __half __float2half_rn(float x) {
    const unsigned bits = __float_as_uint(x);
    const unsigned sign = bits >> 16 & 0x8000;
    const unsigned rest = bits & 0x7FFFFFFF;
    if (rest > 0x7F800000) {
        return {0x7FFF};
    }
    if (rest >= 0x47800000) { // 65536 and above
        return {static_cast<uint16_t>(sign | 0x7C00)};
    }
    if (rest < 0x38800000) { // below the least normal half: adding 1/2 rounds to a multiple of 2^-24
        const float shifted = __uint_as_float(rest) + 0.5f;
        return {static_cast<uint16_t>(sign | (__float_as_uint(shifted) - 0x3F000000))};
    }
    const unsigned rounded = rest - 0x38000000 + 0xFFF + (rest >> 13 & 1);
    return {static_cast<uint16_t>(sign | rounded >> 13)};
}
