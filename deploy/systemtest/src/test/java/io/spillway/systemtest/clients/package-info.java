/**
 * Owns scripted conversations of published clients, in Java and on Node, with one cluster for all of them; everything that goes
 * over the wire is held against the rules of {@code systemtest.wire}. One test at a time.
 */
package io.spillway.systemtest.clients;
