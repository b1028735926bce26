/**
 * Owns the store server process: wiring of tiers, transfer and coordinator link in
 * {@link io.spillway.kvstore.server.StoreMain}. May import everything of {@code kvstore} and {@code proto}.
 */
package io.spillway.kvstore.server;
