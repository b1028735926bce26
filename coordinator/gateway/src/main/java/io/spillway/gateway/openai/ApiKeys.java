package io.spillway.gateway.openai;

import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import io.spillway.gateway.http.HttpCall;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Supplier;

/** Who asks: a key in {@code Authorization: Bearer} (scheme in any case) or {@code x-api-key}. Any thread. */
public final class ApiKeys {
    private static final String SCHEME = "bearer ";
    private final Supplier<ClusterView> view;

    public ApiKeys(final Supplier<ClusterView> view) {
        this.view = view;
    }

    /**
     * @return the tenant whose key came with the call, or on whose behalf this process asks itself
     * @throws SpillwayException {@code INVALID_API_KEY} when there is none, or a wrong one
     */
    public TenantId tenant(final HttpCall call) {
        if (call.behalf().isPresent()) {
            return call.behalf().get();
        }
        final String key = key(call).orElseThrow(() -> new SpillwayException(ErrorCode.INVALID_API_KEY,
            "You didn't provide an API key. Send it as a header: Authorization: Bearer YOUR_KEY"));
        return view.get().tenantOfKey(hash(key)).orElseThrow(
            () -> new SpillwayException(ErrorCode.INVALID_API_KEY, "Incorrect API key provided."));
    }

    private static Optional<String> key(final HttpCall call) {
        return call.header("authorization")
            .filter(value -> value.regionMatches(true, 0, SCHEME, 0, SCHEME.length()))
            .map(value -> value.substring(SCHEME.length()).strip())
            .or(() -> call.header("x-api-key").map(String::strip))
            .filter(key -> !key.isEmpty());
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
