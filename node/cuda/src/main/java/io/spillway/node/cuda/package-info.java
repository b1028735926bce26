/**
 * Owns what a node needs to compute on an NVIDIA GPU: the kernels (src/main/cuda) and how each is launched, their compiled image,
 * and the probe that says whether this machine can run them. What launches them on a GPU is {@code node.cuda.driver}.
 *
 * <p>May import the JDK, {@code domain} and {@code node.compute}.
 *
 * <p>Threads: records and stateless classes; any thread. A {@link io.spillway.node.cuda.KernelLauncher} says its own.
 */
package io.spillway.node.cuda;
