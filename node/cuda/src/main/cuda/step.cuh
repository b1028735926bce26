// What the host tells the device between steps.
#pragma once
#include "device.cuh"

/** target[patches[2 i]] = patches[2 i + 1]; places differ from each other. Grid: x threads of patches */
extern "C" __global__ void patch_ints(int* target, const int* patches, int count) {
    spillway::awaitPrevious();
    spillway::launchDependents();
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < count) {
        target[patches[2 * i]] = patches[2 * i + 1];
    }
}
KERNEL(patch_ints)
