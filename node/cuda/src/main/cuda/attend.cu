// Kernels of attention over the paged cache.
#include "attend.cuh"
