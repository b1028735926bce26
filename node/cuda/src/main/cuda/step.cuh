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

/** tokens[r] = known[sequences[r]] where a row says -2: what the step before has chosen. Grid: x threads of rows */
extern "C" __global__ void take_tokens(int* tokens, const int* sequences, const int* known, int rows) {
    spillway::awaitPrevious();
    spillway::launchDependents();
    const int row = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (row < rows && tokens[row] == -2) {
        tokens[row] = known[sequences[row]];
    }
}
KERNEL(take_tokens)
