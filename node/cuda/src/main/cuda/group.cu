// Kernels of GPUs that share a model, over each other's memory.
#include "sum.cuh"
