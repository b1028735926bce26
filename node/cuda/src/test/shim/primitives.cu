// One primitive each: what the tests compare with plain arithmetic.
#include "tensor.cuh"

namespace {
/** out [16][8] = a [16][16] * b [16][8] + out. b is [16 inner][8], or [8][16 inner] where it need not be transposed. One warp. */
template <int KIND> __device__ void multiplyOnce(const unsigned short* a, const unsigned short* b, float* out, int isTransposed) {
    SHARED(unsigned short, left, 256);
    SHARED(unsigned short, right, 256);
    const int lane = static_cast<int>(threadIdx.x);
    spillway::copyLater(left + lane * 8, a + lane * 8);
    spillway::copyLater(right + lane * 8, b + lane % 16 * 8, lane < 16);
    spillway::closeCopies();
    spillway::awaitCopies<0>();
    __syncthreads();
    unsigned fragments[4];
    spillway::loadMatrices(fragments, left + lane % 16 * 16 + lane / 16 * 8);
    unsigned columns[4];
    if (isTransposed) {
        spillway::loadMatrices(columns, right + lane % 8 * 16 + lane / 8 % 2 * 8);
    } else {
        spillway::loadTransposed(columns, right + lane % 16 * 8);
    }
    float sums[4];
    const int g = lane / 4;
    const int t = lane % 4;
    for (int i = 0; i < 4; i++) {
        sums[i] = out[(g + i / 2 * 8) * 8 + 2 * t + i % 2];
    }
    spillway::multiplyHalves<KIND>(sums, fragments, columns[0], columns[1]);
    for (int i = 0; i < 4; i++) {
        out[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = sums[i];
    }
}
} // namespace

extern "C" __global__ void multiply_once(const unsigned short* a, const unsigned short* b, float* out, int isBf16, int isTransposed) {
    if (isBf16) {
        multiplyOnce<KIND_BF16>(a, b, out, isTransposed);
    } else {
        multiplyOnce<KIND_F16>(a, b, out, isTransposed);
    }
}
KERNEL(multiply_once)

/** Three groups of copies; what is waited for has arrived, what is not has not. out: [4][threads] ints */
extern "C" __global__ void copy_groups(const int* in, int* out) {
    SHARED(int, places, 3 * 32 * 4);
    const int thread = static_cast<int>(threadIdx.x);
    for (int group = 0; group < 3; group++) {
        spillway::copyLater(places + (group * 32 + thread) * 4, in + (group * 32 + thread) * 4, group < 2 || thread % 2 == 0);
        spillway::closeCopies();
    }
    spillway::awaitCopies<2>();
    out[thread] = places[thread * 4];
    out[32 + thread] = places[(32 + thread) * 4];
    spillway::awaitCopies<0>();
    out[64 + thread] = places[(32 + thread) * 4 + 3];
    out[96 + thread] = places[(64 + thread) * 4 + 3];
}
KERNEL(copy_groups)

/** An ordinary store and a matrix load at an odd place. */
extern "C" __global__ void misaligned_matrix(unsigned* out) {
    SHARED(unsigned short, places, 512);
    unsigned pairs[4];
    spillway::loadMatrices(pairs, places + threadIdx.x * 8 + 1);
    out[threadIdx.x] = pairs[0];
}
KERNEL(misaligned_matrix)

extern "C" __global__ void pairs_of(const float* in, unsigned* out) {
    const int thread = static_cast<int>(threadIdx.x);
    out[2 * thread] = spillway::pairOf<KIND_F16>(in[2 * thread], in[2 * thread + 1]);
    out[2 * thread + 1] = spillway::pairOf<KIND_BF16>(in[2 * thread], in[2 * thread + 1]);
}
KERNEL(pairs_of)
