package io.spillway.coordinator.admission;

import io.spillway.coordinator.dispatch.Flight;
import io.spillway.domain.id.TenantId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Requests of one model that wait for a node: those that lost one first, then the tenants in turn, each in arrival order, so
 * that one tenant's burst delays the others by one request at most. Agent's thread only.
 */
final class WaitingLine {
    private final List<Flight> returned = new ArrayList<>();
    /** The first tenant is next; who was served goes to the end. */
    private final Map<TenantId, ArrayDeque<Flight>> tenants = new LinkedHashMap<>();
    private int size;

    void add(final Flight flight) {
        tenants.computeIfAbsent(flight.request().tenant(), tenant -> new ArrayDeque<>()).add(flight);
        size++;
    }

    /** Adds a request that has lost its node. */
    void addReturned(final Flight flight) {
        returned.add(flight);
        size++;
    }

    /** @return the requests that have lost a node, oldest first; a copy */
    List<Flight> returned() {
        return List.copyOf(returned);
    }

    /** @return whose turn it is among the others; null when there is none */
    Flight peek() {
        return tenants.isEmpty() ? null : tenants.values().iterator().next().peek();
    }

    /** A tenant's request was placed: the others' turn comes first. */
    void served(final TenantId tenant) {
        final ArrayDeque<Flight> queue = tenants.remove(tenant);
        if (queue != null) {
            tenants.put(tenant, queue);
        }
    }

    /** @return whether it was here */
    boolean remove(final Flight flight) {
        boolean removed = returned.remove(flight);
        if (!removed) {
            final TenantId tenant = flight.request().tenant();
            final ArrayDeque<Flight> queue = tenants.get(tenant);
            removed = queue != null && queue.remove(flight);
            if (queue != null && queue.isEmpty()) {
                tenants.remove(tenant);
            }
        }
        size -= removed ? 1 : 0;
        return removed;
    }

    /** @return all of them, a copy */
    List<Flight> all() {
        final List<Flight> all = new ArrayList<>(returned);
        tenants.values().forEach(all::addAll);
        return all;
    }

    int size() {
        return size;
    }
}
