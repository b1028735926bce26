package io.spillway.coordinator.state;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.access.KeyChange;
import io.spillway.coordinator.access.KeyTimes;
import io.spillway.coordinator.state.CommandResult.Refused;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.TenantId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * API keys by their hashes. One writer: the thread that applies the log.
 *
 * <p>A key that ended is remembered for a while, for those who look why it is refused; one that was brought by its hash, for ever: the same
 * hash stands in a configuration and must not come to life again.
 */
final class Keys {
    static final int NAME_CHARS_MAX = 200;
    static final int HINT_CHARS_MAX = 40;
    static final int TENANT_KEYS_MAX = 1_000;
    static final int TENANT_ENDED_MAX = 100;
    static final long LIFETIME_MILLIS_MAX = TimeUnit.DAYS.toMillis(3_650);
    static final long GRACE_MILLIS_MAX = TimeUnit.DAYS.toMillis(90);
    static final long REMEMBERED_MILLIS = TimeUnit.DAYS.toMillis(30);
    private static final Pattern SHA256_HEX = Pattern.compile("[0-9a-f]{64}");
    private static final CommandResult DONE = new CommandResult.Done();

    private final int max;
    private final TreeMap<String, ApiKey> keys = new TreeMap<>();
    private Map<String, ApiKey> frozen = Map.of();
    private boolean changed;

    /** @param max most keys that are remembered */
    Keys(final int max) {
        this.max = max;
    }

    void restore(final StateImage image) {
        image.keys().forEach(key -> keys.put(key.sha256Hex(), key));
        changed = true;
    }

    List<ApiKey> all() {
        return new ArrayList<>(keys.values());
    }

    /** @return the keys now, by hash; the same object until one changes */
    Map<String, ApiKey> frozen() {
        if (changed) {
            frozen = Map.copyOf(keys);
            changed = false;
        }
        return frozen;
    }

    /** As the first releases made them: for everything and for ever. */
    CommandResult create(final Command.CreateApiKey command, final Predicate<TenantId> tenantExists) {
        if (!SHA256_HEX.matcher(command.keySha256Hex()).matches()) {
            return new Refused(ErrorCode.INVALID_VALUE, "keySha256Hex must be 64 lower-case hexadecimal digits");
        }
        if (command.label().length() > NAME_CHARS_MAX) {
            return new Refused(ErrorCode.INVALID_VALUE, "label must have at most " + NAME_CHARS_MAX + " characters");
        }
        if (!tenantExists.test(command.tenant())) {
            return unknown(command.tenant());
        }
        return add(ApiKey.unbounded(command.keySha256Hex(), command.tenant(), command.label()), 0);
    }

    /** As the first releases did it: nothing is remembered. */
    CommandResult remove(final Command.RevokeApiKey command) {
        if (keys.remove(command.keySha256Hex()) == null) {
            return new Refused(ErrorCode.NOT_FOUND, "no such API key");
        }
        changed = true;
        return DONE;
    }

    CommandResult change(final KeyChange change, final long epochMillis, final Predicate<TenantId> tenantExists) {
        return switch (change) {
            case KeyChange.Issue issue -> issue(issue, epochMillis, tenantExists);
            case KeyChange.Rotate rotate -> rotate(rotate, epochMillis);
            case KeyChange.Revoke revoke -> revoke(revoke, epochMillis);
            case KeyChange.NoteUse use -> noteUse(use, epochMillis);
        };
    }

    private CommandResult issue(final KeyChange.Issue issue, final long epochMillis, final Predicate<TenantId> tenantExists) {
        final Optional<Refused> wrong = wrong(issue.secret()).or(() -> wrongLifetime(issue.lifetimeMillis(), 0));
        if (wrong.isPresent()) {
            return wrong.get();
        }
        if (issue.name().isBlank() || issue.name().length() > NAME_CHARS_MAX) {
            return new Refused(ErrorCode.INVALID_VALUE, "a key's name has 1 to " + NAME_CHARS_MAX + " characters");
        }
        if (issue.scopes().isEmpty()) {
            return new Refused(ErrorCode.INVALID_VALUE, "a key without a scope is good for nothing");
        }
        if (!tenantExists.test(issue.tenant())) {
            return unknown(issue.tenant());
        }
        return full(issue.tenant(), epochMillis).orElseGet(() -> add(new ApiKey(issue.secret().sha256Hex(), issue.tenant(), issue.name(),
            issue.secret().hint(), issue.scopes(), born(epochMillis, issue.lifetimeMillis()), ""), epochMillis));
    }

    private CommandResult rotate(final KeyChange.Rotate rotate, final long epochMillis) {
        final Optional<Refused> wrong = wrong(rotate.secret())
            .or(() -> wrongLifetime(rotate.lifetimeMillis(), KeyChange.Rotate.SAME_LIFETIME));
        if (wrong.isPresent()) {
            return wrong.get();
        }
        if (rotate.graceMillis() < 0 || rotate.graceMillis() > GRACE_MILLIS_MAX) {
            return new Refused(ErrorCode.INVALID_VALUE, "the time of grace is 0 to " + TimeUnit.MILLISECONDS.toDays(GRACE_MILLIS_MAX) + " days");
        }
        final Optional<ApiKey> found = find(rotate.tenant(), rotate.id()).filter(key -> key.taken(epochMillis));
        if (found.isEmpty()) {
            return unknownKey();
        }
        final ApiKey old = found.get();
        if (!old.successor().isEmpty()) {
            return new Refused(ErrorCode.WRONG_STATE, "this key was rotated already, to " + old.successor());
        }
        final long lifetimeMillis = rotate.lifetimeMillis() == KeyChange.Rotate.SAME_LIFETIME ? lifetimeMillis(old) : rotate.lifetimeMillis();
        final ApiKey next = new ApiKey(rotate.secret().sha256Hex(), old.tenant(), old.name(), rotate.secret().hint(), old.scopes(),
            born(epochMillis, lifetimeMillis), "");
        final CommandResult result = full(old.tenant(), epochMillis).orElseGet(() -> add(next, epochMillis));
        if (result.equals(DONE)) {
            final ApiKey ending = old.rotatedTo(next.id(), epochMillis + rotate.graceMillis());
            keys.put(old.sha256Hex(), rotate.graceMillis() > 0 ? ending : ending.revokedAt(Math.max(1, epochMillis)));
        }
        return result;
    }

    private CommandResult revoke(final KeyChange.Revoke revoke, final long epochMillis) {
        final Optional<ApiKey> found = find(revoke.tenant(), revoke.id()).filter(key -> key.times().revokedMillis() == 0);
        if (found.isEmpty()) {
            return unknownKey();
        }
        keys.put(found.get().sha256Hex(), found.get().revokedAt(Math.max(1, epochMillis)));
        changed = true;
        return DONE;
    }

    private CommandResult noteUse(final KeyChange.NoteUse use, final long epochMillis) {
        for (final String hash : use.sha256Hexes()) {
            final ApiKey key = keys.get(hash);
            if (key != null && epochMillis > key.times().lastUsedMillis()) {
                keys.put(hash, key.usedAt(epochMillis));
                changed = true;
            }
        }
        return DONE;
    }

    private CommandResult add(final ApiKey key, final long epochMillis) {
        if (keys.containsKey(key.sha256Hex())) {
            return new Refused(ErrorCode.ALREADY_EXISTS, "the API key exists already");
        }
        final List<ApiKey> old = outdated(key.tenant(), epochMillis);
        if (keys.size() - old.size() >= max) {
            return new Refused(ErrorCode.ABOVE_MAXIMUM, "the cluster has " + max + " API keys, the most it may have");
        }
        old.forEach(ended -> keys.remove(ended.sha256Hex()));
        keys.put(key.sha256Hex(), key);
        changed = true;
        return DONE;
    }

    /** Which keys make room for a new one: all that ended long ago, and the first to end of a tenant of which many ended. */
    private List<ApiKey> outdated(final TenantId tenant, final long epochMillis) {
        final List<ApiKey> ended = keys.values().stream().filter(key -> forgettable(key, epochMillis))
            .sorted(Comparator.comparingLong((ApiKey key) -> key.times().endsMillis()).thenComparing(ApiKey::sha256Hex)).toList();
        final long own = ended.stream().filter(key -> key.tenant().equals(tenant)).count();
        final Set<ApiKey> old = new LinkedHashSet<>();
        ended.stream().filter(key -> epochMillis - key.times().endsMillis() > REMEMBERED_MILLIS).forEach(old::add);
        ended.stream().filter(key -> key.tenant().equals(tenant)).limit(Math.max(0, own - TENANT_ENDED_MAX)).forEach(old::add);
        return List.copyOf(old);
    }

    private static boolean forgettable(final ApiKey key, final long epochMillis) {
        return !key.hint().isEmpty() && !key.taken(epochMillis);
    }

    /** One tenant must not take the room of all. */
    private Optional<CommandResult> full(final TenantId tenant, final long epochMillis) {
        final long taken = keys.values().stream().filter(key -> key.tenant().equals(tenant) && key.taken(epochMillis)).count();
        return taken < TENANT_KEYS_MAX ? Optional.empty() : Optional.of(new Refused(ErrorCode.RATE_LIMIT_EXCEEDED,
            "you have " + taken + " API keys, the most there may be; revoke one first"));
    }

    /** An id is the beginning of a hash, so the key is where the hash would be. */
    private Optional<ApiKey> find(final TenantId tenant, final String id) {
        return Optional.ofNullable(keys.ceilingEntry(id.substring(Math.min(id.length(), ApiKey.idOf("").length()))))
            .map(Map.Entry::getValue).filter(key -> key.id().equals(id) && key.tenant().equals(tenant));
    }

    private static KeyTimes born(final long epochMillis, final long lifetimeMillis) {
        return new KeyTimes(epochMillis, lifetimeMillis == 0 ? 0 : epochMillis + lifetimeMillis, 0, 0);
    }

    private static long lifetimeMillis(final ApiKey key) {
        return key.times().expiresMillis() == 0 ? 0 : Math.max(1, key.times().expiresMillis() - key.times().createdMillis());
    }

    private static Optional<Refused> wrong(final KeyChange.Secret secret) {
        return SHA256_HEX.matcher(secret.sha256Hex()).matches() && secret.hint().length() <= HINT_CHARS_MAX ? Optional.empty()
            : Optional.of(new Refused(ErrorCode.INVALID_VALUE, "a key is known by 64 lower-case hexadecimal digits and at most "
                + HINT_CHARS_MAX + " characters of its beginning"));
    }

    private static Optional<Refused> wrongLifetime(final long lifetimeMillis, final long min) {
        return lifetimeMillis >= min && lifetimeMillis <= LIFETIME_MILLIS_MAX ? Optional.empty() : Optional.of(new Refused(
            ErrorCode.INVALID_VALUE, "a key lives at most " + TimeUnit.MILLISECONDS.toDays(LIFETIME_MILLIS_MAX) + " days"));
    }

    private static Refused unknown(final TenantId tenant) {
        return new Refused(ErrorCode.NOT_FOUND, "no tenant is called " + tenant);
    }

    private static Refused unknownKey() {
        return new Refused(ErrorCode.NOT_FOUND, "No such API key");
    }
}
