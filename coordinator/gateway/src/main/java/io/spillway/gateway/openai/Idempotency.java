package io.spillway.gateway.openai;

import io.spillway.domain.id.TenantId;
import io.spillway.gateway.http.HttpCall;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Knows a request that is sent again: the same {@code Idempotency-Key} with the same body from the same tenant is the same request and has the
 * same id, so that what was charged for it before is not charged once more. Another body under the same key is another request. Stateless.
 */
public final class Idempotency {
    private static final int ID_BYTES = 16;

    private Idempotency() {
    }

    /** @return the request's id; empty when the client sends no key: then every request is a new one */
    public static Optional<String> id(final String prefix, final HttpCall call, final TenantId tenant) {
        return call.header("idempotency-key").filter(key -> !key.isBlank()).map(key -> prefix + digest(key, call.body(), tenant));
    }

    private static String digest(final String key, final byte[] body, final TenantId tenant) {
        try {
            final MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((tenant.value() + "\0" + key + "\0").getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(body), 0, ID_BYTES);
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK must have SHA-256", e);
        }
    }
}
