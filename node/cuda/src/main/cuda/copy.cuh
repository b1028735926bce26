// Memory as it is: rows, pieces, blocks of the cache.
#pragma once
#include "device.cuh"

namespace spillway {

/** Copies a share of `bytes` bytes: thread `thread` of `threads`. Four loads of 16 bytes are on their way at once. */
__device__ __forceinline__ void copyShare(const unsigned char* from, unsigned char* to, long long bytes, long long thread, long long threads) {
    long long done = 0;
    if (isAligned(from, 16) && isAligned(to, 16)) {
        const uint4* const source = reinterpret_cast<const uint4*>(from);
        uint4* const target = reinterpret_cast<uint4*>(to);
        const long long count = bytes / 16;
        long long i = thread;
        for (; i + 3 * threads < count; i += 4 * threads) {
            const uint4 a = source[i];
            const uint4 b = source[i + threads];
            const uint4 c = source[i + 2 * threads];
            const uint4 d = source[i + 3 * threads];
            target[i] = a;
            target[i + threads] = b;
            target[i + 2 * threads] = c;
            target[i + 3 * threads] = d;
        }
        for (; i < count; i += threads) {
            target[i] = source[i];
        }
        done = count * 16;
    }
    for (long long i = done + thread; i < bytes; i += threads) {
        to[i] = from[i];
    }
}

} // namespace spillway

/**
 * Many pieces of memory in one launch. Piece p of `bytes` goes from source + sourceOffsets[p] to target + targetOffsets[p]; pieces do
 * not overlap. Grid: x shares of a piece, y pieces.
 */
extern "C" __global__ void copy_pieces(const unsigned char* source, const long long* sourceOffsets, unsigned char* target,
    const long long* targetOffsets, long long bytes) {
    spillway::copyShare(source + sourceOffsets[blockIdx.y], target + targetOffsets[blockIdx.y], bytes,
        static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x, static_cast<long long>(gridDim.x) * blockDim.x);
}
KERNEL(copy_pieces)

/**
 * Some layers of many blocks between the cache and a dense buffer: layers stand behind each other in a block, so a block's share is one
 * piece. staging: [blocks][bytes]; slab: block b at b * blockBytes, the piece `offset` bytes behind; a negative block is left out.
 * Grid: x shares of a piece, y blocks
 */
extern "C" __global__ void copy_blocks(unsigned char* slab, const int* blocks, unsigned char* staging, long long blockBytes, long long offset,
    long long bytes, int toSlab) {
    const int block = blocks[blockIdx.y];
    if (block < 0) {
        return;
    }
    unsigned char* const cached = slab + block * blockBytes + offset;
    unsigned char* const staged = staging + static_cast<long long>(blockIdx.y) * bytes;
    spillway::copyShare(toSlab ? staged : cached, toSlab ? cached : staged, bytes, static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x,
        static_cast<long long>(gridDim.x) * blockDim.x);
}
KERNEL(copy_blocks)

/** out[i] = in[rows[i]]; a negative number leaves out[i] as it is. Grid: x shares of a row, y rows */
extern "C" __global__ void gather_rows(const unsigned char* in, const int* rows, unsigned char* out, long long rowBytes) {
    spillway::awaitPrevious();
    spillway::launchDependents();
    const int row = rows[blockIdx.y];
    if (row < 0) {
        return;
    }
    spillway::copyShare(in + row * rowBytes, out + blockIdx.y * rowBytes, rowBytes, static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x,
        static_cast<long long>(gridDim.x) * blockDim.x);
}
KERNEL(gather_rows)
