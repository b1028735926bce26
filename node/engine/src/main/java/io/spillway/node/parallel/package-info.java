/**
 * Owns how several ranks compute one model inside one process: a thread for each, a point where they meet, and sums in a fixed order. A rank
 * that fails releases the others; nothing waits for somebody who will not come.
 *
 * <p>May import the JDK and {@code node.compute}. The caller of a step is rank 0; the other ranks have threads of their own.
 */
package io.spillway.node.parallel;
