// Kernels that choose tokens.
#include "sample.cuh"
