/**
 * Owns moving blocks between members over Aeron: links, requests, credits, checksums. Imports {@code kvstore.service}
 * (whose port it implements), {@code kvstore.tier}, {@code kvstore.pool}, the generated {@code wire.transfer}, {@code
 * domain}, Aeron and Agrona.
 *
 * <p>One {@link io.spillway.kvstore.transfer.TransferEndpoint} per process serves the process's blocks and fetches
 * those of others, through one UDP port. One agent thread writes everything here except what is named as callable from
 * any thread.
 */
package io.spillway.kvstore.transfer;
