// Kernels that multiply by weights.
#include "gemv.cuh"
