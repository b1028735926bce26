/**
 * Owns how members describe themselves and each other. Imports {@code domain.id} and {@code domain.kv}. Immutable; any thread.
 */
package io.spillway.domain.cluster;
