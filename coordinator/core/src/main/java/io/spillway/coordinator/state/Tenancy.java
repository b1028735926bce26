package io.spillway.coordinator.state;

import io.spillway.coordinator.state.CommandResult.Refused;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.TenantSecret;
import java.util.TreeMap;

/** Tenants and their secrets. One writer: the thread that applies the log. */
final class Tenancy {
    private final StateLimits limits;
    private final TreeMap<TenantId, TenantSecret> secrets = new TreeMap<>();
    private FrozenMap<TenantId, TenantSecret> frozenSecrets = FrozenMap.empty();
    private boolean secretsChanged;

    Tenancy(final StateLimits limits) {
        this.limits = limits;
    }

    void restore(final StateImage image) {
        image.tenants().forEach(tenant -> secrets.put(tenant.id(), tenant.secret()));
        secretsChanged = true;
    }

    boolean exists(final TenantId tenant) {
        return secrets.containsKey(tenant);
    }

    /** @return the secrets now; the same object until one changes */
    FrozenMap<TenantId, TenantSecret> secrets() {
        if (secretsChanged) {
            frozenSecrets = FrozenMap.of(secrets);
            secretsChanged = false;
        }
        return frozenSecrets;
    }

    CommandResult createTenant(final Command.CreateTenant command) {
        if (exists(command.tenant())) {
            return new Refused(ErrorCode.ALREADY_EXISTS, "tenant " + command.tenant() + " exists already");
        }
        if (command.secret().length != TenantSecret.BYTES) {
            return new Refused(ErrorCode.INVALID_VALUE,
                "secret must have " + TenantSecret.BYTES + " bytes, not " + command.secret().length);
        }
        if (secrets.size() >= limits.tenants()) {
            return new Refused(ErrorCode.ABOVE_MAXIMUM,
                "the cluster has " + limits.tenants() + " tenants, the most it may have");
        }
        secrets.put(command.tenant(), new TenantSecret(command.secret()));
        secretsChanged = true;
        return new CommandResult.Done();
    }
}
