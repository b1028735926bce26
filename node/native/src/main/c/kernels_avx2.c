#include "kernels.h"
#include "lanes_avx2.h"
#define KERNEL_SET kernels_avx2
#include "kernel_set.h"
