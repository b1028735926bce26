package io.spillway.coordinator.dispatch;

/**
 * What dispatch has counted since start.
 *
 * @param launched        attempts sent to nodes
 * @param failedOver      attempts that were lost and whose request went on waiting for another node
 * @param lateEvents      events of attempts that no longer counted, dropped
 * @param repeatedTokens  deltas that brought nothing new
 * @param overflows       attempts lost because their events found no room
 * @param silences        attempts lost because their node said nothing for too long
 * @param listenerErrors  listeners that threw
 */
public record DispatchCounts(
    long launched, long failedOver, long lateEvents, long repeatedTokens, long overflows, long silences, long listenerErrors) {
}
