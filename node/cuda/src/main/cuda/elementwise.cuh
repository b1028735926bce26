// Kernels whose results are the specification's bits: each element is one fixed sequence of operations. A thread takes eight numbers.
#pragma once
#include "halves.cuh"
#include "units.cuh"

namespace spillway {

/** The thread of a launch over eights. */
__device__ __forceinline__ long long eightOfThread() {
    return (static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x) * 8;
}

} // namespace spillway

/**
 * out = unit(gate) * up. Gate and up of a row stand side by side: in [rows][2 * width], out [rows][width], both of one kind of halves.
 * Grid: x eights of a row, y rows
 */
extern "C" __global__ void gated_unit(const unsigned short* in, unsigned short* out, int width, int unit, int kind) {
    spillway::awaitPrevious();
    spillway::launchDependents();
    const int first = static_cast<int>(spillway::eightOfThread());
    const unsigned short* const gate = in + static_cast<size_t>(blockIdx.y) * 2 * width;
    const unsigned short* const up = gate + width;
    unsigned short* const to = out + static_cast<size_t>(blockIdx.y) * width;
    if (first >= width) {
        return;
    }
    if (width % 8 == 0 && spillway::isAligned(in, 16) && spillway::isAligned(out, 16)) {
        float g[8];
        float u[8];
        spillway::readEight(gate, first, kind, g);
        spillway::readEight(up, first, kind, u);
        UNROLL
        for (int i = 0; i < 8; i++) {
            g[i] = spillway::gatedOf(unit, g[i], u[i]);
        }
        spillway::writeEight(to, first, kind, g);
        return;
    }
    for (int i = first; i < width && i < first + 8; i++) {
        to[i] = spillway::toHalf(spillway::gatedOf(unit, spillway::fromHalf(gate[i], kind), spillway::fromHalf(up[i], kind)), kind);
    }
}
KERNEL(gated_unit)

/** x = cap * tanh(x / cap). x: [count] f32. Grid: x eights */
extern "C" __global__ void softcap_logits(float* x, long long count, float cap) {
    spillway::awaitPrevious();
    spillway::launchDependents();
    const long long first = spillway::eightOfThread();
    if (first + 8 <= count && spillway::isAligned(x, 16)) {
        float v[8];
        spillway::readEight(x, first, KIND_F32, v);
        UNROLL
        for (int i = 0; i < 8; i++) {
            v[i] = cap * spillway::tanhOf(v[i] / cap);
        }
        spillway::writeEight(x, first, KIND_F32, v);
        return;
    }
    for (long long i = first; i < count && i < first + 8; i++) {
        x[i] = cap * spillway::tanhOf(x[i] / cap);
    }
}
KERNEL(softcap_logits)

/** x[r] += bias. x: [rows][width] of a kind; bias: [width] f32. Grid: x eights of a row, y rows */
extern "C" __global__ void add_bias(void* x, const float* bias, int width, int kind) {
    spillway::awaitPrevious();
    spillway::launchDependents();
    const int first = static_cast<int>(spillway::eightOfThread());
    const size_t row = static_cast<size_t>(blockIdx.y) * width;
    if (first + 8 <= width && width % 8 == 0 && spillway::isAligned(x, 16) && spillway::isAligned(bias, 16)) {
        float v[8];
        float b[8];
        spillway::readEight(x, row + first, kind, v);
        spillway::readEight(bias, first, KIND_F32, b);
        UNROLL
        for (int i = 0; i < 8; i++) {
            v[i] += b[i];
        }
        spillway::writeEight(x, row + first, kind, v);
        return;
    }
    for (int i = first; i < width && i < first + 8; i++) {
        spillway::writeOne(x, row + i, kind, spillway::readOne(x, row + i, kind) + bias[i]);
    }
}
KERNEL(add_bias)
