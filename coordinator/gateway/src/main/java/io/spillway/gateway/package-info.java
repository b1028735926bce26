/**
 * Owns the wiring of the gateway: which routes there are, and the limits of all of it. Imports every gateway package; no gateway
 * package imports it. {@link io.spillway.gateway.Gateway} may be used by any thread.
 */
package io.spillway.gateway;
