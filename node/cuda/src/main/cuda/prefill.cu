// Kernels of prefill attention over the paged cache.
#include "prefill_kernels.cuh"
