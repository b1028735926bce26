/**
 * Owns a local cluster's life on this machine: which roles it has, on which ports and folders, how they are started (in this JVM or
 * one process each), when they serve, what is written down about them, and how they are ended. May import the servers' mains,
 * {@code config}, {@code domain} and {@code modelfile}. The thread that called {@code up} writes; role mains have their own threads.
 */
package io.spillway.local.cluster;
