package io.spillway.node.cuda.driver;

/**
 * A GPU as a rank of a group brings it.
 *
 * @param context outlives the group, like all of this
 * @param pool    of the GPU's memory
 * @param modules with the group's kernels
 * @param stream  that the rank computes on: its sums and gathers are put there
 */
public record PeerGpu(CudaContext context, DevicePool pool, CudaModules modules, CudaStream stream) {
}
