/**
 * Owns batch jobs: what one is, which steps it can take, and that each of its lines is accounted for once. Pure functions over
 * immutable records; any thread. Imports {@code io.spillway.domain} only; {@code coordinator.state} replicates the jobs.
 */
package io.spillway.coordinator.batch;
