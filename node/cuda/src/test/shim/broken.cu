// Kernels that are wrong on purpose: what the shim must find. And conversions, for all numbers there are.
#include "device.cuh"

extern "C" __global__ void barrier_not_for_all(int* out) {
    if (threadIdx.x < 7) {
        __syncthreads();
    }
    out[threadIdx.x] = 1;
}
KERNEL(barrier_not_for_all)

extern "C" __global__ void two_barriers(int* out) {
    if (threadIdx.x < 7) {
        __syncthreads();
    } else {
        __syncthreads();
    }
    out[threadIdx.x] = 1;
}
KERNEL(two_barriers)

extern "C" __global__ void shuffle_from_absent_lane(int* out) {
    if (threadIdx.x < 16) {
        out[threadIdx.x] = __shfl_sync(0xFFFFu, static_cast<int>(threadIdx.x), 20);
    }
}
KERNEL(shuffle_from_absent_lane)

extern "C" __global__ void lane_outside_mask(int* out) {
    out[threadIdx.x] = __shfl_xor_sync(0xFFFFu, static_cast<int>(threadIdx.x), 1);
}
KERNEL(lane_outside_mask)

extern "C" __global__ void lane_does_not_come(int* out) {
    if (threadIdx.x != 3) {
        out[threadIdx.x] = __shfl_xor_sync(FULL_WARP, static_cast<int>(threadIdx.x), 1);
    }
}
KERNEL(lane_does_not_come)

extern "C" __global__ void writes_behind(int* out, int count) {
    out[threadIdx.x == 5 ? count + 4 : 0] = 1;
}
KERNEL(writes_behind)

extern "C" __global__ void writes_before(int* out) {
    out[-1024] = 1;
}
KERNEL(writes_before)

extern "C" __global__ void writes_behind_shared(int* out) {
    SHARED(int, mine, 32);
    mine[threadIdx.x + 1] = 1;
    out[threadIdx.x] = mine[threadIdx.x];
}
KERNEL(writes_behind_shared)

extern "C" __global__ void too_much_shared(int* out) {
    SHARED(int, mine, 13000);
    out[threadIdx.x] = mine[threadIdx.x];
}
KERNEL(too_much_shared)

/** Without a barrier between writing and reading: which value arrives depends on the order of threads. */
extern "C" __global__ void races(int* out) {
    SHARED(int, mine, 64);
    mine[threadIdx.x] = static_cast<int>(threadIdx.x);
    out[threadIdx.x] = mine[63 - threadIdx.x];
}
KERNEL(races)

/** Every value of a warp at every lane, through barriers in between. out: [block][32][32] */
extern "C" __global__ void all_to_all(int* out) {
    SHARED(int, mine, 32);
    for (int from = 0; from < 32; from++) {
        const int there = __shfl_sync(FULL_WARP, static_cast<int>(threadIdx.x) * 3, from);
        mine[threadIdx.x] = there;
        __syncthreads();
        out[(blockIdx.x * 32 + threadIdx.x) * 32 + from] = mine[(threadIdx.x + 1) % 32]
            + static_cast<int>(__ballot_sync(FULL_WARP, threadIdx.x == static_cast<unsigned>(from)));
        __syncthreads();
    }
}
KERNEL(all_to_all)

extern "C" __global__ void convert_halves(const unsigned short* halves, float* floats, unsigned short* back, int count) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < count) {
        floats[i] = spillway::halfToFloat(halves[i]);
        back[i] = spillway::halfFromFloat(floats[i]);
    }
}
KERNEL(convert_halves)

extern "C" __global__ void round_halves(const float* floats, unsigned short* halves, int count) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < count) {
        halves[i] = spillway::halfFromFloat(floats[i]);
    }
}
KERNEL(round_halves)
