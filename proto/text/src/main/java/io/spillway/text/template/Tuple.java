package io.spillway.text.template;

import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;

/** A Python tuple: an immutable list that prints with round brackets and is never equal to a list. */
final class Tuple extends AbstractList<Object> implements RandomAccess {
    private final List<Object> items;

    Tuple(final List<Object> items) {
        this.items = items;
    }

    static Tuple of(final Object... items) {
        return new Tuple(java.util.Arrays.asList(items));
    }

    @Override
    public Object get(final int index) {
        return items.get(index);
    }

    @Override
    public int size() {
        return items.size();
    }
}
