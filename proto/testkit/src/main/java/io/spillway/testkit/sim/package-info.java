/**
 * Owns a world that runs on one seed: its clock, its events in order, its chance, its network and the log of what happened.
 * May import {@code domain}. One thread runs a whole world; two worlds share nothing.
 */
package io.spillway.testkit.sim;
