// Gated units, operation by operation as the specification says.
#pragma once
#include "device.cuh"

#define UNIT_SWI_GLU 0
#define UNIT_GE_GLU 1
#define UNIT_CLAMPED_SWI_GLU 2

namespace spillway {

/** unit: UNIT_...; what differs is chosen, so that there is one exponential. NaN stays. */
__device__ __forceinline__ float gatedOf(int unit, float gate, float up) {
    const bool isClamped = unit == UNIT_CLAMPED_SWI_GLU;
    const float g = isClamped && gate > 7.0f ? 7.0f : gate;
    const float u = !isClamped ? up : (up > 7.0f ? 7.0f : up < -7.0f ? -7.0f : up) + 1.0f;
    const float inner = isClamped ? g * 1.702f : unit == UNIT_GE_GLU ? g * fmaf(g * g, 0.0713548162726f, 1.5957691216f) : g;
    return g / (1.0f + expOf(-inner)) * u;
}

} // namespace spillway
