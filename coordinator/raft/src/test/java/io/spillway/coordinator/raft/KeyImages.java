package io.spillway.coordinator.raft;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.access.KeyChange;
import io.spillway.coordinator.access.KeyTimes;
import io.spillway.coordinator.access.Scope;
import io.spillway.domain.id.TenantId;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Any key, any change of one. */
final class KeyImages {
    private KeyImages() {
    }

    private static Arbitrary<TenantId> tenants() {
        return Images.names().map(TenantId::new);
    }

    private static Arbitrary<Set<Scope>> scopes() {
        return Arbitraries.of(Scope.class).set();
    }

    static Arbitrary<KeyChange> changes() {
        final Arbitrary<KeyChange.Secret> secrets = Combinators.combine(Images.texts(), Images.texts()).as(KeyChange.Secret::new);
        return Arbitraries.oneOf(
            Combinators.combine(tenants(), secrets, Images.texts(), scopes(), Arbitraries.longs()).as(KeyChange.Issue::new),
            Combinators.combine(tenants(), Images.texts(), secrets, Arbitraries.longs(), Arbitraries.longs()).as(KeyChange.Rotate::new),
            Combinators.combine(tenants(), Images.texts()).as(KeyChange.Revoke::new),
            Images.texts().list().ofMaxSize(3).map(KeyChange.NoteUse::new));
    }

    static Arbitrary<ApiKey> keys() {
        final Arbitrary<KeyTimes> times =
            Combinators.combine(Arbitraries.longs(), Arbitraries.longs(), Arbitraries.longs(), Arbitraries.longs()).as(KeyTimes::new);
        return Combinators.combine(Images.texts(), tenants(), Images.texts(), Images.texts(), scopes(), times, Images.texts())
            .as(ApiKey::new);
    }
}
