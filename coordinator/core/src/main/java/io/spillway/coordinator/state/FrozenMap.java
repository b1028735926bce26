package io.spillway.coordinator.state;

import java.util.AbstractMap;
import java.util.Collections;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A sorted map that nobody can write, and that is known to be so by its type: handing it on needs no copy. That keeps a
 * {@link ClusterView} cheap: a command that renews leases does not copy the tenants. Immutable; any thread.
 */
final class FrozenMap<K extends Comparable<K>, V> extends AbstractMap<K, V> implements SortedMap<K, V> {
    private final SortedMap<K, V> entries;

    private FrozenMap(final SortedMap<K, V> entries) {
        this.entries = Collections.unmodifiableSortedMap(entries);
    }

    /** @return {@code map} itself when it is frozen already, else a copy in linear time */
    static <K extends Comparable<K>, V> FrozenMap<K, V> of(final SortedMap<K, V> map) {
        if (map instanceof FrozenMap<K, V> frozen) {
            return frozen;
        }
        final SortedMap<K, V> copy = new TreeMap<>(map);
        return new FrozenMap<>(copy);
    }

    /** @return a map that holds nothing */
    static <K extends Comparable<K>, V> FrozenMap<K, V> empty() {
        final SortedMap<K, V> none = new TreeMap<>();
        return new FrozenMap<>(none);
    }

    @Override
    public V get(final Object key) {
        return entries.get(key);
    }

    @Override
    public boolean containsKey(final Object key) {
        return entries.containsKey(key);
    }

    @Override
    public int size() {
        return entries.size();
    }

    @Override
    public Set<Map.Entry<K, V>> entrySet() {
        return entries.entrySet();
    }

    @Override
    public Comparator<? super K> comparator() {
        return entries.comparator();
    }

    @Override
    public SortedMap<K, V> subMap(final K fromKey, final K toKey) {
        return new FrozenMap<>(entries.subMap(fromKey, toKey));
    }

    @Override
    public SortedMap<K, V> headMap(final K toKey) {
        return new FrozenMap<>(entries.headMap(toKey));
    }

    @Override
    public SortedMap<K, V> tailMap(final K fromKey) {
        return new FrozenMap<>(entries.tailMap(fromKey));
    }

    @Override
    public K firstKey() {
        return entries.firstKey();
    }

    @Override
    public K lastKey() {
        return entries.lastKey();
    }
}
