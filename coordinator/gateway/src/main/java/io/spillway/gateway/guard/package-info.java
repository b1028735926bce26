/**
 * Owns guardrails for small models: an operator's policy per model that checks every tool call against its schema and its
 * contract, and claims of answers against what tools and people said, before the client sees them; repairs what is plainly meant,
 * asks the model again, and gives up after a bounded number of attempts.
 *
 * <p>May import the JDK, Jackson, {@code domain} and {@code gateway.chat}. A policy is immutable; a guarded call belongs to the
 * thread that runs it.
 */
package io.spillway.gateway.guard;
