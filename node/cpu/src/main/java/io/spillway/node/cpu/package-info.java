/**
 * Owns the CPU as a device: Vector API kernels that compute what {@code ScalarOps} specifies, bit for bit at any vector
 * width, and the threads that share their work.
 *
 * <p>May import the JDK (with the incubating Vector API), {@code domain}, {@code node.compute} and SLF4J. Kernels are small
 * methods with one loop nest each: the compiler keeps vectors in registers only then.
 *
 * <p>Threads: {@code CorePool} owns the workers; everything else is called by one engine thread and by workers inside a
 * section, which write disjoint memory.
 */
package io.spillway.node.cpu;
