/**
 * Owns {@code spillway keys}: the administration of API keys from the command line, through the cluster's HTTP API. May import
 * {@code local.cluster}, {@code local.command}, {@code config}, Jackson and picocli. Single-threaded.
 */
package io.spillway.local.keys;
