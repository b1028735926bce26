/**
 * Owns the map from block hash to what a tier knows of the block. Imports {@code domain.kv} and the JDK.
 * Single writer: the thread of the tier.
 */
package io.spillway.kvstore.index;
