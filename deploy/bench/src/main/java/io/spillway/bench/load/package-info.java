/**
 * Owns load benchmarks against whole clusters; each prints what bounds it beside its figures. May import everything.
 */
package io.spillway.bench.load;
