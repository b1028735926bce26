/**
 * Owns files: what tenants upload and batches make, in a directory that all coordinator replicas share, and the routes to them.
 * Imports {@code domain}, {@code gateway.http}, {@code gateway.json}, {@code gateway.openai} (keys) and Netty's multipart decoder.
 * Stores may be used by any thread and by several processes; handlers run on the exchange's virtual thread.
 */
package io.spillway.gateway.files;
