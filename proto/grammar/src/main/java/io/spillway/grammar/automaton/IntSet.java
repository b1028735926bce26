package io.spillway.grammar.automaton;

import java.util.Arrays;

/** Numbers from 0, each once, in the order of arrival; or, by {@link #push} and {@link #pop}, a stack. */
final class IntSet {
    private int[] values = new int[8];
    private int[] table;
    private int size;

    /** @return false when it is in already */
    boolean add(final int value) {
        if (table == null && size < values.length) {
            for (int i = 0; i < size; i++) {
                if (values[i] == value) {
                    return false;
                }
            }
            values[size++] = value;
            return true;
        }
        if (table == null || size * 2 >= table.length) {
            rehash(Math.max(32, size * 4));
        }
        if (!place(value)) {
            return false;
        }
        push(value);
        return true;
    }

    private void rehash(final int least) {
        table = new int[Integer.highestOneBit(least) * 2];
        Arrays.fill(table, -1);
        for (int i = 0; i < size; i++) {
            place(values[i]);
        }
    }

    private boolean place(final int value) {
        int slot = (value * 0x9e3779b9 >>> 1) & table.length - 1;
        while (table[slot] != -1) {
            if (table[slot] == value) {
                return false;
            }
            slot = slot + 1 & table.length - 1;
        }
        table[slot] = value;
        return true;
    }

    /** Adds a number without asking whether it is in; for stacks. */
    void push(final int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size * 2);
        }
        values[size++] = value;
    }

    int pop() {
        return values[--size];
    }

    boolean isEmpty() {
        return size == 0;
    }

    int[] sorted() {
        final int[] sorted = Arrays.copyOf(values, size);
        Arrays.sort(sorted);
        return sorted;
    }
}
