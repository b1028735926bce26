/** Owns the benchmark of structured output: how long masks take, at which vocabulary, for which grammars. May import everything. */
package io.spillway.bench.grammar;
