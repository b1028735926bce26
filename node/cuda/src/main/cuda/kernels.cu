// All kernels of Spillway, one image.
#include "norm.cuh"
#include "elementwise.cuh"
#include "store.cuh"
#include "attend.cuh"
#include "gemv.cuh"
#include "sample.cuh"
