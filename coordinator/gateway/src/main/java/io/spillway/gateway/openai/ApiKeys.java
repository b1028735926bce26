package io.spillway.gateway.openai;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.access.Scope;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.http.Access;
import io.spillway.gateway.http.HttpCall;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Who asks, and whether they may: a key in {@code Authorization: Bearer} (scheme in any case) or {@code x-api-key}. A key is looked up by its
 * hash, so that the time it takes says nothing about other keys. Any thread.
 */
public final class ApiKeys {
    private static final String SCHEME = "bearer ";
    private final Supplier<ClusterView> view;
    private final EpochClock clock;
    private final Consumer<ApiKey> onUse;

    /**
     * @param view  newest cluster state
     * @param clock says whether a key has expired
     * @param onUse told of every key that was let through; must not block
     */
    public ApiKeys(final Supplier<ClusterView> view, final EpochClock clock, final Consumer<ApiKey> onUse) {
        this.view = view;
        this.clock = clock;
        this.onUse = onUse;
    }

    /**
     * A route's access: those whose key has a scope, and this process itself, on behalf of a tenant.
     *
     * @param scope what the key must be good for
     */
    public record Having(ApiKeys keys, Scope scope) implements Access {
        @Override
        public void check(final HttpCall call) {
            if (call.behalf().isEmpty()) {
                keys.admit(secret(call), scope);
            }
        }
    }

    /** @return what lets those through whose key has {@code scope} */
    public Having having(final Scope scope) {
        return new Having(this, scope);
    }

    /**
     * @return the tenant whose key came with the call, or on whose behalf this process asks itself
     * @throws SpillwayException {@code INVALID_API_KEY} when there is none, or a wrong one
     */
    public TenantId tenant(final HttpCall call) {
        return call.behalf().orElseGet(() -> holder(call).tenant());
    }

    /**
     * @return the key that came with the call
     * @throws SpillwayException {@code INVALID_API_KEY} when there is none, or one that is not taken
     */
    public ApiKey holder(final HttpCall call) {
        return find(secret(call));
    }

    /**
     * Lets a key through, or does not.
     *
     * @param secret what the caller showed
     * @param scope  what it is to be used for
     * @return the key
     * @throws SpillwayException {@code INVALID_API_KEY}, or {@code INSUFFICIENT_SCOPE} when the key is good for other things only
     */
    public ApiKey admit(final Optional<String> secret, final Scope scope) {
        final ApiKey key = find(secret);
        if (!key.has(scope)) {
            throw new SpillwayException(ErrorCode.INSUFFICIENT_SCOPE, "This API key lacks the scope '" + scope.text() + "'.");
        }
        onUse.accept(key);
        return key;
    }

    private ApiKey find(final Optional<String> secret) {
        final ApiKey key = view.get().key(hash(secret.orElseThrow(() -> new SpillwayException(ErrorCode.INVALID_API_KEY,
            "You didn't provide an API key. Send it as a header: Authorization: Bearer YOUR_KEY")))).orElseThrow(
                () -> new SpillwayException(ErrorCode.INVALID_API_KEY, "Incorrect API key provided."));
        if (!key.taken(clock.epochMillis())) {
            throw new SpillwayException(ErrorCode.INVALID_API_KEY,
                key.times().revokedMillis() != 0 ? "This API key has been revoked." : "This API key has expired.");
        }
        return key;
    }

    private static Optional<String> secret(final HttpCall call) {
        return call.header("authorization").flatMap(ApiKeys::bearer)
            .or(() -> call.header("x-api-key").map(String::strip).filter(key -> !key.isEmpty()));
    }

    /** @return the key in the value of an {@code Authorization} header; empty when that holds something else */
    public static Optional<String> bearer(final String authorization) {
        return Optional.of(authorization).filter(value -> value.regionMatches(true, 0, SCHEME, 0, SCHEME.length()))
            .map(value -> value.substring(SCHEME.length()).strip()).filter(key -> !key.isEmpty());
    }

    /** @return what the cluster stores of a key: SHA-256 in hexadecimal */
    public static String hash(final String key) {
        try {
            return HexFormat.of().formatHex(
                MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK must have SHA-256", e);
        }
    }
}
