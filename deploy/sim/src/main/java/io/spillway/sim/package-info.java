/**
 * Owns a whole small cluster on one seed: real coordinator cores and real replicated state, made-up nodes, network and log,
 * and the invariants that hold after every event. May import cores and the testkit; imported by nothing. One thread runs it.
 */
package io.spillway.sim;
