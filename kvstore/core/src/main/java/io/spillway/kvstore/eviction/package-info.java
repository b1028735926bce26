/**
 * Owns the choice of which block goes next. Pure: no memory, no clock, no I/O. Imports {@code domain.kv} and the JDK.
 * Single writer: the thread of the tier.
 */
package io.spillway.kvstore.eviction;
