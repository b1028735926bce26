/**
 * Owns the view of the wire between real clients and a cluster: a proxy that records every exchange, and the rules that each
 * recorded answer and stream is held against. May import the JDK, Jackson, the published schemas and the official Anthropic types.
 * The proxy's threads write, the test's thread reads.
 */
package io.spillway.systemtest.wire;
