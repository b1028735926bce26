// Kernels that take a row or a piece of memory each: norms, gated units, embeddings, the way into the cache, copies.
#include "norm.cuh"
#include "elementwise.cuh"
#include "embed.cuh"
#include "copy.cuh"
#include "store.cuh"
