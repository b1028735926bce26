/**
 * Owns the administration of API keys: its routes, how secrets are made, and when a key was last used. Imports {@code coordinator.access},
 * {@code coordinator.state}, {@code domain}, {@code gateway.http}, {@code gateway.json}, {@code gateway.openai} and Jackson. Handlers run on
 * the exchange's virtual thread; the keys themselves are the replicated state's.
 */
package io.spillway.gateway.keys;
