/**
 * Owns every metric's name and the Prometheus page. Imports {@code domain}, {@code gateway.chat} (its observer port),
 * {@code gateway.console} (its snapshot) and Micrometer. Meters are thread-safe; any thread.
 */
package io.spillway.gateway.metrics;
