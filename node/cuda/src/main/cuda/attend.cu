// Kernels of decode attention over the paged cache.
#include "decode_kernels.cuh"
