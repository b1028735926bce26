// Root-mean-square norms. Grid: one block per row; block: whole warps, as many threads as the row has eights, at most 1024.
#pragma once
#include "halves.cuh"

namespace spillway {

/** What a norm of a row works on; see rms_norm. */
struct NormRow {
    float* x;
    const void* delta; // null: none
    const float* deltaGain;
    const float* gain;
    void* out;         // null: no norm
    size_t deltaAt;    // of the row's first number
    size_t outAt;
    int width;
    float epsilon;
    int deltaKind;
    int outKind;
};

__device__ __forceinline__ float inverseRms(float squares, const NormRow& row) {
    return 1.0f / sqrtf(squares / static_cast<float>(row.width) + row.epsilon);
}

__device__ __forceinline__ float squaresOf(const float* v, float sum) {
    UNROLL
    for (int i = 0; i < 8; i++) {
        sum = fmaf(v[i], v[i], sum);
    }
    return sum;
}

/** d = the normed delta of eight */
__device__ __forceinline__ void scaleEight(float* d, const float* gain, int at, float scale) {
    float g[8];
    readEight(gain, at, KIND_F32, g);
    UNROLL
    for (int i = 0; i < 8; i++) {
        d[i] = d[i] * scale * g[i];
    }
}

/** Rows of whole eights, all aligned. A row that gives a thread one eight stays in its registers. partial: [32] */
__device__ __forceinline__ void normEights(const NormRow& row, float* partial) {
    const int first = static_cast<int>(threadIdx.x) * 8;
    const int step = static_cast<int>(blockDim.x) * 8;
    float deltaScale = 1;
    if (row.deltaGain) {
        float squares = 0;
        for (int at = first; at < row.width; at += step) {
            float d[8];
            readEight(row.delta, row.deltaAt + at, row.deltaKind, d);
            squares = squaresOf(d, squares);
        }
        deltaScale = inverseRms(blockSum(squares, partial), row);
    }
    float v[8] = {};
    float squares = 0;
    for (int at = first; at < row.width; at += step) {
        readEight(row.x, at, KIND_F32, v);
        if (row.delta) {
            float d[8];
            readEight(row.delta, row.deltaAt + at, row.deltaKind, d);
            if (row.deltaGain) {
                scaleEight(d, row.deltaGain, at, deltaScale);
            }
            UNROLL
            for (int i = 0; i < 8; i++) {
                v[i] += d[i];
            }
            writeEight(row.x, at, KIND_F32, v);
        }
        squares = squaresOf(v, squares);
    }
    if (!row.out) {
        return; // the whole block
    }
    const float scale = inverseRms(blockSum(squares, partial), row);
    for (int at = first; at < row.width; at += step) {
        if (row.width > step) { // a thread reads what it wrote itself: no barrier between
            readEight(row.x, at, KIND_F32, v);
        }
        scaleEight(v, row.gain, at, scale);
        writeEight(row.out, row.outAt + at, row.outKind, v);
    }
}

/** Any row, number by number. */
__device__ __forceinline__ void normOnes(const NormRow& row, float* partial) {
    const int first = static_cast<int>(threadIdx.x);
    const int step = static_cast<int>(blockDim.x);
    float deltaScale = 1;
    if (row.deltaGain) {
        float squares = 0;
        for (int i = first; i < row.width; i += step) {
            const float d = readOne(row.delta, row.deltaAt + i, row.deltaKind);
            squares = fmaf(d, d, squares);
        }
        deltaScale = inverseRms(blockSum(squares, partial), row);
    }
    float squares = 0;
    for (int i = first; i < row.width; i += step) {
        float v = row.x[i];
        if (row.delta) {
            const float d = readOne(row.delta, row.deltaAt + i, row.deltaKind);
            v += row.deltaGain ? d * deltaScale * row.deltaGain[i] : d;
            row.x[i] = v;
        }
        squares = fmaf(v, v, squares);
    }
    if (!row.out) {
        return;
    }
    const float scale = inverseRms(blockSum(squares, partial), row);
    for (int i = first; i < row.width; i += step) {
        writeOne(row.out, row.outAt + i, row.outKind, row.x[i] * scale * row.gain[i]);
    }
}

} // namespace spillway

/**
 * x[r] += delta[r] where there is a delta, normed itself first where deltaGain is there; then out[r] = x[r] / rms(x[r]) * gain where
 * out is there. Sums of squares run over the threads of the block: tolerance, not bits; without deltaGain the residual is exact.
 * A row's result depends on nothing but the row.
 * x: [rows][width] f32; delta: [rows][width] of deltaKind; out: [rows][width] of outKind; gains: [width]
 */
extern "C" __global__ void __launch_bounds__(1024) rms_norm(float* x, const void* delta, const float* deltaGain, const float* gain, void* out,
    int width, float epsilon, int deltaKind, int outKind) {
    SHARED(float, partial, 32);
    spillway::awaitPrevious();
    spillway::launchDependents();
    const size_t at = static_cast<size_t>(blockIdx.x) * width;
    const spillway::NormRow row = {x + at, delta, deltaGain, gain, out, at, at, width, epsilon, deltaKind, outKind};
    const bool isWide = width % 8 == 0 && spillway::isAligned(x, 16) && spillway::isAligned(delta, 16) && spillway::isAligned(deltaGain, 16)
        && spillway::isAligned(gain, 16) && spillway::isAligned(out, 16);
    if (isWide) {
        spillway::normEights(row, partial);
    } else {
        spillway::normOnes(row, partial);
    }
}
KERNEL(rms_norm)
