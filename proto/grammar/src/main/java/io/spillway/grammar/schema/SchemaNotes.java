package io.spillway.grammar.schema;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What of a schema is not kept: refused where the schema is strict, noted where it is not. Owned by one thread. */
final class SchemaNotes {
    private final boolean strict;
    private final Set<String> notes = new LinkedHashSet<>();

    SchemaNotes(final boolean strict) {
        this.strict = strict;
    }

    void cannotKeep(final String pointer, final String what) {
        if (strict) {
            throw SchemaErrors.unsupported(pointer, what);
        }
        notes.add("#" + pointer + " is not kept: " + what);
    }

    List<String> all() {
        return List.copyOf(notes);
    }
}
