package io.spillway.coordinator.state;

import io.spillway.coordinator.state.CommandResult.Refused;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.TenantSecret;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Tenants, their secrets and their keys. One writer: the thread that applies the log. */
final class Tenancy {
    static final int LABEL_CHARS_MAX = 200;
    private static final Pattern SHA256_HEX = Pattern.compile("[0-9a-f]{64}");

    private final StateLimits limits;
    private final TreeMap<TenantId, TenantSecret> secrets = new TreeMap<>();
    private final TreeMap<String, StateImage.Key> keys = new TreeMap<>();
    private FrozenMap<TenantId, TenantSecret> frozenSecrets = FrozenMap.empty();
    private Map<String, TenantId> frozenKeys = Map.of();
    private boolean secretsChanged;
    private boolean keysChanged;

    Tenancy(final StateLimits limits) {
        this.limits = limits;
    }

    void restore(final StateImage image) {
        image.tenants().forEach(tenant -> secrets.put(tenant.id(), tenant.secret()));
        image.keys().forEach(key -> keys.put(key.sha256Hex(), key));
        secretsChanged = true;
        keysChanged = true;
    }

    boolean exists(final TenantId tenant) {
        return secrets.containsKey(tenant);
    }

    List<StateImage.Key> keys() {
        return new ArrayList<>(keys.values());
    }

    /** @return the secrets now; the same object until one changes */
    FrozenMap<TenantId, TenantSecret> secrets() {
        if (secretsChanged) {
            frozenSecrets = FrozenMap.of(secrets);
            secretsChanged = false;
        }
        return frozenSecrets;
    }

    /** @return tenant of each key hash now; the same object until one changes */
    Map<String, TenantId> tenantsOfKeys() {
        if (keysChanged) {
            final Map<String, TenantId> tenants = HashMap.newHashMap(keys.size());
            keys.values().forEach(key -> tenants.put(key.sha256Hex(), key.tenant()));
            frozenKeys = Map.copyOf(tenants);
            keysChanged = false;
        }
        return frozenKeys;
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
            return full("tenants", limits.tenants());
        }
        secrets.put(command.tenant(), new TenantSecret(command.secret()));
        secretsChanged = true;
        return new CommandResult.Done();
    }

    CommandResult createKey(final Command.CreateApiKey command) {
        if (!SHA256_HEX.matcher(command.keySha256Hex()).matches()) {
            return new Refused(ErrorCode.INVALID_VALUE, "keySha256Hex must be 64 lower-case hexadecimal digits");
        }
        if (command.label().length() > LABEL_CHARS_MAX) {
            return new Refused(ErrorCode.INVALID_VALUE, "label must have at most " + LABEL_CHARS_MAX + " characters");
        }
        if (!exists(command.tenant())) {
            return new Refused(ErrorCode.NOT_FOUND, "no tenant is called " + command.tenant());
        }
        if (keys.containsKey(command.keySha256Hex())) {
            return new Refused(ErrorCode.ALREADY_EXISTS, "the API key exists already");
        }
        if (keys.size() >= limits.keys()) {
            return full("API keys", limits.keys());
        }
        keys.put(command.keySha256Hex(), new StateImage.Key(command.keySha256Hex(), command.tenant(), command.label()));
        keysChanged = true;
        return new CommandResult.Done();
    }

    CommandResult revokeKey(final Command.RevokeApiKey command) {
        if (keys.remove(command.keySha256Hex()) == null) {
            return new Refused(ErrorCode.NOT_FOUND, "no such API key");
        }
        keysChanged = true;
        return new CommandResult.Done();
    }

    private static Refused full(final String what, final int max) {
        return new Refused(ErrorCode.ABOVE_MAXIMUM, "the cluster has " + max + " " + what + ", the most it may have");
    }
}
