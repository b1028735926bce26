/**
 * Owns keeping and finding blocks as one thing: {@code BlockService} joins a member's host and disk tiers behind one
 * thread, {@code TieredBlockStore} adds the other members, through the port {@code BlockTransport}. Imports {@code
 * tier}, {@code pool}, {@code domain}, Agrona's queue and the JDK. One thread per service writes everything below it;
 * callers meet it at a bounded mailbox.
 */
package io.spillway.kvstore.service;
