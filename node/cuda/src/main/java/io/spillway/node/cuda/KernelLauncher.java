package io.spillway.node.cuda;

/** Port: runs kernels where their memory is. One caller at a time. */
public interface KernelLauncher {
    /**
     * Runs a kernel, or puts it behind those launched before it.
     *
     * @throws KernelFailedException when there is no such kernel, its arguments do not fit, or it fails
     */
    void launch(KernelLaunch launch);
}
