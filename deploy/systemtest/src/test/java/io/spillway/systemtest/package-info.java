/**
 * Owns the proof that the whole works: real processes, real sockets, real clients, real kills. Sees everything through the
 * command line and the network, as a user would.
 */
package io.spillway.systemtest;
