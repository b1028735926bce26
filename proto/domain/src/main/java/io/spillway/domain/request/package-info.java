/**
 * Owns what a client asks and what it gets back, in tokens. Text exists only in front of this. Immutable; any thread.
 */
package io.spillway.domain.request;
