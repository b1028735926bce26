// The cache's elements, written and read one at a time: what the tests compare with the specification.
#include "kv.cuh"

namespace {
template <int ELEMENT> __device__ void storeOnce(unsigned char* slab, const long long* heads, const int* tokens, const float* x, int headDim,
    int blockTokens, bool isKey) {
    const int row = static_cast<int>(blockIdx.x);
    spillway::storeToken<ELEMENT>(slab + heads[row], isKey, headDim, blockTokens, tokens[row], x + static_cast<size_t>(row) * headDim);
}

template <int ELEMENT> __device__ void loadOnce(const unsigned char* slab, const long long* heads, const int* tokens, float* out, int headDim,
    int blockTokens, bool isKey) {
    const int row = static_cast<int>(blockIdx.x);
    const unsigned char* const head = slab + heads[row];
    const unsigned char* const scales = head + spillway::numberBytes<ELEMENT>(headDim, blockTokens);
    float* const to = out + static_cast<size_t>(row) * (headDim + 3);
    for (int d = static_cast<int>(threadIdx.x); d < headDim; d += 32) {
        to[d] = isKey ? spillway::keyNumber<ELEMENT>(head, blockTokens, d, tokens[row])
            : spillway::valueNumber<ELEMENT>(head, headDim, tokens[row], d);
    }
    to[headDim] = spillway::scaleOf<ELEMENT>(scales, tokens[row]);
    to[headDim + 1] = spillway::minimumOf<ELEMENT>(scales, blockTokens, tokens[row]);
    to[headDim + 2] = static_cast<float>(spillway::headBytes<ELEMENT>(headDim, blockTokens));
}
} // namespace

#define FOR_ELEMENT(function, ...) \
    switch (element) { \
        case KV_F16: function<KV_F16>(__VA_ARGS__); break; \
        case KV_BF16: function<KV_BF16>(__VA_ARGS__); break; \
        case KV_F8: function<KV_F8>(__VA_ARGS__); break; \
        case KV_I8: function<KV_I8>(__VA_ARGS__); break; \
        default: function<KV_I4>(__VA_ARGS__); break; \
    }

/** Row r of x becomes token tokens[r] of the keys or values at heads[r]. Grid: x rows; one warp. */
extern "C" __global__ void store_elements(unsigned char* slab, const long long* heads, const int* tokens, const float* x, int element,
    int headDim, int blockTokens, int isKey) {
    FOR_ELEMENT(storeOnce, slab, heads, tokens, x, headDim, blockTokens, isKey != 0)
}
KERNEL(store_elements)

/** out: [rows][headDim + 3]: numbers, scale, minimum, bytes of a head */
extern "C" __global__ void load_elements(const unsigned char* slab, const long long* heads, const int* tokens, float* out, int element,
    int headDim, int blockTokens, int isKey) {
    FOR_ELEMENT(loadOnce, slab, heads, tokens, out, headDim, blockTokens, isKey != 0)
}
KERNEL(load_elements)

/** Every byte as a pair of halves with itself: out: [3][256] */
extern "C" __global__ void element_pairs(unsigned* out) {
    const unsigned i = threadIdx.x;
    out[i] = spillway::f8Pair(i << 8 | i << 24 | 0x00550055u);
    out[256 + i] = spillway::i8Pair(i | i << 16);
    out[512 + i] = spillway::i4Pair((i & 15) | (i & 15) << 16);
}
KERNEL(element_pairs)
