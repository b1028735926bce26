// Kernels that multiply by weights.
#include "gemv.cuh"
#include "gemv_packed.cuh"
#include "rounding.cuh"
#include "gemm.cuh"
#include "experts.cuh"
#include "gemm_wide.cuh"
