#include "kernels.h"
#include "lanes_avx512.h"
#define KERNEL_SET kernels_avx512
#include "kernel_set.h"
