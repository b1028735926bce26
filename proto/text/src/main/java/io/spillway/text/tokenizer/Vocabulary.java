package io.spillway.text.tokenizer;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** The tokens of a model: their texts as written in the vocabulary, the bytes they stand for, which are special. Immutable. */
final class Vocabulary {
    private static final byte[] NONE = {};

    private final byte[][] bytes;
    private final BitSet special;
    private final Map<String, Integer> ids;

    private Vocabulary(final byte[][] bytes, final BitSet special, final Map<String, Integer> ids) {
        this.bytes = bytes;
        this.special = special;
        this.ids = ids;
    }

    /** @param added whether the token stands for its text as it is, whatever the spelling of the others */
    record Entry(int id, String text, boolean added, boolean special) {
    }

    /** A later entry of the same id replaces an earlier one. */
    static Vocabulary of(final List<Entry> entries, final TokenSpelling spelling) {
        final int size = entries.stream().mapToInt(Entry::id).max().orElse(-1) + 1;
        final byte[][] bytes = new byte[size][];
        final BitSet special = new BitSet(size);
        final Map<String, Integer> ids = HashMap.newHashMap(entries.size());
        for (final Entry entry : entries) {
            bytes[entry.id()] = entry.added() ? TokenSpelling.PLAIN.bytes(entry.text()) : spelling.bytes(entry.text());
            special.set(entry.id(), entry.special());
            ids.put(entry.text(), entry.id());
        }
        return new Vocabulary(bytes, special, ids);
    }

    int size() {
        return bytes.length;
    }

    byte[] bytes(final int id) {
        return id < 0 || id >= bytes.length || bytes[id] == null ? NONE : bytes[id].clone();
    }

    boolean isSpecial(final int id) {
        return special.get(Math.max(0, id)) && id >= 0;
    }

    OptionalInt idOf(final String token) {
        final Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }
}
