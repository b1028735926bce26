/**
 * Owns the life of a request on a node: the duty cycle that takes commands, asks the block store, schedules, steps,
 * emits.
 *
 * <p>May import {@code domain}, {@code kvstore.service}, Agrona, and the node's {@code model}, {@code kvcache},
 * {@code runner}, {@code sampling}, {@code scheduler}. Single writer of everything behind {@link
 * io.spillway.node.engine.Engine}: the engine thread. Other threads meet it at bounded queues.
 */
package io.spillway.node.engine;
