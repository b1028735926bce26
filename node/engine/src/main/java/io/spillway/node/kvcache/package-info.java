/**
 * Owns the device tier: which block of the KV slab holds what, who leases it, what may be reused and what is evicted.
 *
 * <p>May import {@code domain}, {@code kvstore.service} and Agrona's collections and queues; nothing of the node.
 * Single writer: the engine thread. The store's threads only put finished offloads into a bounded queue.
 */
package io.spillway.node.kvcache;
