/**
 * Owns the measurements of the KV cache: what each element costs and gives ({@link io.spillway.bench.kv.KvBench}), and long
 * contexts from cold prefill to onboarding ({@link io.spillway.bench.kv.LongContextBench}). May import everything below
 * {@code deploy}. Everything runs on the main thread.
 */
package io.spillway.bench.kv;
