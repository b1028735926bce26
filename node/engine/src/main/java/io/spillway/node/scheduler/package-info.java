/**
 * Owns the choice of what each sequence does in a step: {@link io.spillway.node.scheduler.StepPolicy}, a pure function of ranks, queues
 * and budgets; and what it is told: ranks ({@link io.spillway.node.scheduler.FairShare}), expected outputs, what coming back costs. Reads
 * no clock, touches no block.
 *
 * <p>Imports the JDK and {@code domain.id}. Thread: the engine's; the policy itself has no state.
 */
package io.spillway.node.scheduler;
