/** Owns the benchmarks' front door. May import everything. */
package io.spillway.bench;
