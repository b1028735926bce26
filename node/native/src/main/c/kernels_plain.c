#include "kernels.h"
#include "lanes_plain.h"
#define KERNEL_SET kernels_plain
#include "kernel_set.h"
