/**
 * Owns the entry point of the command line. May import everything below it. Single-threaded.
 */
package io.spillway.local;
