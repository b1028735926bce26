// Kernels that choose tokens: the sampler's choices, bit for bit.
#include "scan.cuh"
#include "choose.cuh"
