/**
 * Owns clusters that are started by the command line, one process per role, for benchmarks and system tests: started, asked,
 * killed and ended as a user would. May import everything. Used by one thread.
 */
package io.spillway.bench.cluster;
