/** Owns the benchmark of what stands before a prompt's first block: rendering, encoding and hashing, of whole conversations and of what was added. */
package io.spillway.bench.prompt;
