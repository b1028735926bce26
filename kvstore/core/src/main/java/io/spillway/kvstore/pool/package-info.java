/**
 * Owns the memory of KV blocks outside the model: one slab, cut into pages, lent as counted leases.
 * Imports the JDK only. Single writer: the thread of the block service that owns the pool.
 */
package io.spillway.kvstore.pool;
