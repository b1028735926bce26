/**
 * Owns the commands of the command line, one class each: options, what they print, exit status. May import {@code local.cluster},
 * {@code local.demo}, {@code local.plan} and picocli. Single-threaded, except that {@code up} is ended from a shutdown hook.
 */
package io.spillway.local.command;
