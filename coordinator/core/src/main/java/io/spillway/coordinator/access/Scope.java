package io.spillway.coordinator.access;

import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What a key may be used for. Bits are part of the log's format: never reuse or change one. */
public enum Scope {
    /** To ask models, and to keep what that needs: files, batches, responses. */
    INFERENCE(1),
    /** To see what agent runs have consumed. */
    USAGE(2),
    /** To make, list, rotate and revoke the tenant's keys. */
    ADMIN(4),
    /** To look at the whole cluster in the console. */
    CONSOLE(8);

    private static final int ALL_BITS = 15;
    private final int bit;

    Scope(final int bit) {
        this.bit = bit;
    }

    /** @return the name as people and clients write it, for instance {@code inference} */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @return the scope of that name, in lower case */
    public static Optional<Scope> of(final String text) {
        return Stream.of(values()).filter(scope -> scope.text().equals(text)).findFirst();
    }

    /** @return every scope there is */
    public static Set<Scope> all() {
        return EnumSet.allOf(Scope.class);
    }

    /** @return the scopes as one number, for the log */
    public static int bits(final Collection<Scope> scopes) {
        return scopes.stream().mapToInt(scope -> scope.bit).reduce(0, (some, more) -> some | more);
    }

    /** @return the scopes of a number from the log; throws {@link IllegalArgumentException} when it names others too */
    public static Set<Scope> ofBits(final int bits) {
        if ((bits & ~ALL_BITS) != 0) {
            throw new IllegalArgumentException("unknown scopes in " + bits);
        }
        final EnumSet<Scope> scopes = EnumSet.noneOf(Scope.class);
        List.of(values()).stream().filter(scope -> (bits & scope.bit) != 0).forEach(scopes::add);
        return scopes;
    }
}
