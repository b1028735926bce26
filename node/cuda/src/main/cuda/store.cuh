// From the projection of a row to its rotated query and its place in the cache. The specification's bits, of the same halves.
#pragma once
#include "halves.cuh"
#include "kv.cuh"

#define FINISH_ROWS 16
#define FINISH_THREADS 128
#define FINISH_HEAD_MAX 256
#define FINISH_STRIDE (FINISH_HEAD_MAX + 1)

namespace spillway {

__device__ __forceinline__ bool isQuantisedElement(int element) {
    return element >= KV_F8;
}

__device__ __forceinline__ long long headBytesOf(int element, int headDim, int blockTokens) {
    return element == KV_I4 ? headBytes<KV_I4>(headDim, blockTokens) : element == KV_F16 || element == KV_BF16
        ? headBytes<KV_F16>(headDim, blockTokens) : headBytes<KV_I8>(headDim, blockTokens);
}

/** A token's keys or values of one head, of any element. One warp. */
__device__ __forceinline__ void storeAny(int element, unsigned char* head, bool isKey, int headDim, int blockTokens, int token, const float* x) {
    switch (element) {
    case KV_F16:
        storeToken<KV_F16>(head, isKey, headDim, blockTokens, token, x);
        break;
    case KV_BF16:
        storeToken<KV_BF16>(head, isKey, headDim, blockTokens, token, x);
        break;
    case KV_F8:
        storeToken<KV_F8>(head, isKey, headDim, blockTokens, token, x);
        break;
    case KV_I8:
        storeToken<KV_I8>(head, isKey, headDim, blockTokens, token, x);
        break;
    default:
        storeToken<KV_I4>(head, isKey, headDim, blockTokens, token, x);
    }
}

/** x[0..headDim) = the head's numbers as floats, plus bias. One warp. */
__device__ __forceinline__ void loadHead(const half_bits* in, const float* bias, float* x, int headDim, int kind) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    if (headDim % 4 == 0 && isAligned(in, 8)) {
        for (int d = lane * 4; d < headDim; d += 128) {
            const uint2 four = *reinterpret_cast<const uint2*>(in + d);
            x[d] = fromHalf(static_cast<half_bits>(four.x & 0xFFFF), kind);
            x[d + 1] = fromHalf(static_cast<half_bits>(four.x >> 16), kind);
            x[d + 2] = fromHalf(static_cast<half_bits>(four.y & 0xFFFF), kind);
            x[d + 3] = fromHalf(static_cast<half_bits>(four.y >> 16), kind);
        }
    } else {
        for (int d = lane; d < headDim; d += 32) {
            x[d] = fromHalf(in[d], kind);
        }
    }
    __syncwarp();
    if (bias) {
        for (int d = lane; d < headDim; d += 32) {
            x[d] += bias[d];
        }
        __syncwarp();
    }
}

/** The norm of a head: the specification's sixteen sums and their tree, so its bits. One warp. */
__device__ __forceinline__ void normHead(float* x, const float* gain, int headDim, float epsilon) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    float sum = 0;
    for (int d = lane % 16; d < headDim; d += 16) {
        sum = fmaf(x[d], x[d], sum);
    }
    for (int lanes = 8; lanes > 0; lanes /= 2) {
        sum += __shfl_xor_sync(FULL_WARP, sum, lanes);
    }
    const float scale = static_cast<float>(1.0 / sqrt(static_cast<double>(sum / static_cast<float>(headDim) + epsilon)));
    __syncwarp();
    for (int d = lane; d < headDim; d += 32) {
        x[d] = x[d] * scale * gain[d];
    }
    __syncwarp();
}

/** Turns pairs (i, i + half). cosines, sines: [half] of the row's position. One warp. */
__device__ __forceinline__ void rotateHead(float* x, const float* cosines, const float* sines, int half) {
    for (int i = static_cast<int>(threadIdx.x) % 32; i < half; i += 32) {
        const float a = x[i];
        const float b = x[i + half];
        x[i] = fmaf(a, cosines[i], -(b * sines[i]));
        x[i + half] = fmaf(b, cosines[i], a * sines[i]);
    }
    __syncwarp();
}

/** Writes a finished query. One warp. */
__device__ __forceinline__ void writeQuery(const float* x, half_bits* out, int headDim, int kind) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    if (headDim % 4 == 0 && isAligned(out, 8)) {
        for (int d = lane * 4; d < headDim; d += 128) {
            *reinterpret_cast<uint2*>(out + d) = {halfPair(x[d], x[d + 1], kind), halfPair(x[d + 2], x[d + 3], kind)};
        }
        return;
    }
    for (int d = lane; d < headDim; d += 32) {
        out[d] = toHalf(x[d], kind);
    }
}

} // namespace spillway

/**
 * Finishes rows of queries | keys | values: adds the bias, norms the heads of queries and keys, rotates both, writes queries as halves
 * and keys and values to the paged cache. A row whose position is negative is left out.
 * Grid: x tiles of FINISH_ROWS rows, y heads of the input. Keys of a tile that are neighbours in the cache are written side by side.
 *
 * qkv: [rows][heads + 2 * storedHeads][headDim] halves; bias: the same width, or null; queryGain, keyGain: [headDim], or null
 * rotary: [positions][cosines, sines][half]; queries: [rows][heads * headDim] halves
 * positions, sequences: [rows]; tables: [sequences][tableStride], the block of each blockTokens positions
 * slab: block b at b * blockBytes; layerOffset: bytes from there to the layer
 * heads: 0 where there are keys and values only; storedHeads: all of the cache's, or 0 where there are queries only
 */
extern "C" __global__ void __launch_bounds__(FINISH_THREADS) qkv_finish(const unsigned short* qkv, const float* bias, const float* queryGain,
    const float* keyGain, const float* rotary, unsigned short* queries, const int* positions, const int* sequences, const int* tables,
    unsigned char* slab, long long blockBytes, long long layerOffset, float epsilon, int rows, int heads, int storedHeads, int headDim, int half,
    int blockTokens, int tableStride, int kind, int element) {
    SHARED(float, tile, FINISH_ROWS * FINISH_STRIDE);
    SHARED(unsigned char*, stored, FINISH_ROWS); // where a row's head begins in its block
    SHARED(int, tokens, FINISH_ROWS);            // of the block, or -1
    spillway::awaitPrevious();
    spillway::launchDependents();
    const int head = static_cast<int>(blockIdx.y);
    const bool isQuery = head < heads;
    const bool isKey = !isQuery && head < heads + storedHeads;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const float* const gain = isQuery ? queryGain : isKey ? keyGain : nullptr;
    for (int r = warp; r < FINISH_ROWS; r += FINISH_THREADS / 32) {
        const int row = static_cast<int>(blockIdx.x) * FINISH_ROWS + r;
        const int position = row < rows ? positions[row] : -1;
        float* const x = tile + r * FINISH_STRIDE;
        if (lane == 0) {
            tokens[r] = position < 0 ? -1 : position % blockTokens;
        }
        if (position < 0) {
            continue; // the whole warp
        }
        spillway::loadHead(qkv + (static_cast<size_t>(row) * (heads + 2 * storedHeads) + head) * headDim,
            bias ? bias + head * headDim : nullptr, x, headDim, kind);
        if (gain) {
            spillway::normHead(x, gain, headDim, epsilon);
        }
        if (isQuery || isKey) {
            const float* const turn = rotary + static_cast<size_t>(position) * 2 * half;
            spillway::rotateHead(x, turn, turn + half, half);
        }
        if (isQuery) {
            spillway::writeQuery(x, queries + (static_cast<size_t>(row) * heads + head) * headDim, headDim, kind);
            continue;
        }
        const long long block = tables[static_cast<size_t>(sequences[row]) * tableStride + position / blockTokens];
        unsigned char* const at = slab + block * blockBytes + layerOffset
            + (head - heads) * spillway::headBytesOf(element, headDim, blockTokens);
        if (isKey && !spillway::isQuantisedElement(element)) {
            if (lane == 0) {
                stored[r] = at;
            }
        } else {
            spillway::storeAny(element, at, isKey, headDim, blockTokens, position % blockTokens, x);
        }
    }
    if (!isKey || spillway::isQuantisedElement(element)) {
        return; // the whole block
    }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < FINISH_ROWS * headDim; i += FINISH_THREADS) {
        const int r = i % FINISH_ROWS;
        const int d = i / FINISH_ROWS;
        if (tokens[r] >= 0) {
            reinterpret_cast<unsigned short*>(stored[r])[static_cast<size_t>(d) * blockTokens + tokens[r]] =
                spillway::toHalf(tile[r * FINISH_STRIDE + d], element == KV_BF16 ? KIND_BF16 : KIND_F16);
        }
    }
}
KERNEL(qkv_finish)
