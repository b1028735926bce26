/**
 * Owns the choice of what each sequence does in a step: a pure function of queues and budgets. Holds nothing, reads no
 * clock, touches no block.
 *
 * <p>Imports the JDK only. Thread: the engine's; the policy itself has no state.
 */
package io.spillway.node.scheduler;
