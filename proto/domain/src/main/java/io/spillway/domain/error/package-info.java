/**
 * Owns the failures that are reported to someone. Each has a number, a kind and one mapping to HTTP and gRPC.
 */
package io.spillway.domain.error;
