// Root-mean-square norms. Grid: one block per row; block: whole warps.
#pragma once
#include "device.cuh"

/**
 * x[r] += delta[r] where there is a delta, then out[r] = x[r] / rms(x[r]) * gain. out may be x only without delta.
 * The sum of squares runs over the threads of the block: tolerance, not bits; the residual is exact.
 * x, delta, out: [rows][width]; gain: [width]
 */
extern "C" __global__ void __launch_bounds__(256) rms_norm(float* x, const float* delta, const float* gain, float* out, int width,
    float epsilon) {
    SHARED(float, partial, 32);
    const size_t row = static_cast<size_t>(blockIdx.x) * width;
    float* const in = x + row;
    const bool wide = width % 4 == 0 && spillway::isAligned(in, 16) && spillway::isAligned(out + row, 16)
        && spillway::isAligned(gain, 16) && (!delta || spillway::isAligned(delta + row, 16));
    const int thread = static_cast<int>(threadIdx.x);
    const int threads = static_cast<int>(blockDim.x);
    float squares = 0;
    if (wide) {
        for (int i = thread; i < width / 4; i += threads) {
            float4 v = reinterpret_cast<const float4*>(in)[i];
            if (delta) {
                const float4 d = reinterpret_cast<const float4*>(delta + row)[i];
                v = {v.x + d.x, v.y + d.y, v.z + d.z, v.w + d.w};
                reinterpret_cast<float4*>(in)[i] = v;
            }
            squares = fmaf(v.x, v.x, fmaf(v.y, v.y, fmaf(v.z, v.z, fmaf(v.w, v.w, squares))));
        }
    } else {
        for (int i = thread; i < width; i += threads) {
            float v = in[i];
            if (delta) {
                v += delta[row + i];
                in[i] = v;
            }
            squares = fmaf(v, v, squares);
        }
    }
    const float sum = spillway::blockSum(squares, partial);
    const float scale = static_cast<float>(1.0 / sqrt(static_cast<double>(sum / static_cast<float>(width) + epsilon)));
    // A thread reads what it wrote itself: no barrier between the passes.
    if (wide) {
        for (int i = thread; i < width / 4; i += threads) {
            const float4 v = reinterpret_cast<const float4*>(in)[i];
            const float4 g = reinterpret_cast<const float4*>(gain)[i];
            reinterpret_cast<float4*>(out + row)[i] = {v.x * scale * g.x, v.y * scale * g.y, v.z * scale * g.z, v.w * scale * g.w};
        }
    } else {
        for (int i = thread; i < width; i += threads) {
            out[row + i] = in[i] * scale * gain[i];
        }
    }
}
KERNEL(rms_norm)
