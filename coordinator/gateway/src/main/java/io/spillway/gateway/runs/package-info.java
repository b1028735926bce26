/**
 * Owns what this replica knows of agent runs beyond the log's totals: their recent steps, and which conversation goes on from which. Soft
 * state: bounded, the longest unheard of goes first, gone with the process, not shared between replicas. Imports {@code domain} only. Any
 * thread; short sections under one lock each.
 */
package io.spillway.gateway.runs;
