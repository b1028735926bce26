/**
 * Owns prices: what a request costs. Pure functions over immutable records; any thread. Imports {@code io.spillway.domain}
 * and {@code coordinator.state}, whose usage entries carry a charge into the log.
 */
package io.spillway.coordinator.ledger;
