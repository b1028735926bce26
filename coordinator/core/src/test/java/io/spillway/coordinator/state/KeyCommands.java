package io.spillway.coordinator.state;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.access.KeyChange;
import io.spillway.coordinator.access.Scope;
import io.spillway.domain.id.TenantId;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Changes to keys over a world so small that they meet each other often. */
final class KeyCommands {
    private KeyCommands() {
    }

    static Arbitrary<KeyChange> any() {
        final Arbitrary<TenantId> tenants = Arbitraries.of("t1", "t2").map(TenantId::new);
        final Arbitrary<String> hashes = Arbitraries.of('1', '2', '3', '4', 'X').map(Commands::hash);
        final Arbitrary<String> ids = hashes.map(ApiKey::idOf);
        final Arbitrary<KeyChange.Secret> secrets =
            Combinators.combine(hashes, Arbitraries.of("", "sk-1")).as(KeyChange.Secret::new);
        final Arbitrary<Long> millis = Arbitraries.longs().between(-2, 20);
        return Arbitraries.oneOf(
            Combinators.combine(tenants, secrets, Arbitraries.of("", "name"), Arbitraries.of(Scope.class).set(), millis)
                .as(KeyChange.Issue::new),
            Combinators.combine(tenants, ids, secrets, millis, millis).as(KeyChange.Rotate::new),
            Combinators.combine(tenants, ids).as(KeyChange.Revoke::new),
            hashes.list().ofMaxSize(3).map(KeyChange.NoteUse::new));
    }
}
