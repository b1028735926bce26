/**
 * Owns block identity and the words for where blocks are. Imports {@code domain.id} only. Immutable; any thread.
 */
package io.spillway.domain.kv;
