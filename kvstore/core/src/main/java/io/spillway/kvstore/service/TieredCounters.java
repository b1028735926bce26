package io.spillway.kvstore.service;

/**
 * What became of blocks on their way to store servers.
 *
 * @param notSent no store connected, no room to wait, or evicted before their turn
 */
public record TieredCounters(long stored, long alreadyHeld, long refused, long corrupt, long unknown, long notSent) {
}
