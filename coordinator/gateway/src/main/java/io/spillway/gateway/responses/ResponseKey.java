package io.spillway.gateway.responses;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.TenantId;
import java.util.regex.Pattern;

/**
 * Names a response. What one tenant stores is not there for another, whatever id it asks for.
 *
 * @param id {@code resp_} and 32 hexadecimal digits
 */
public record ResponseKey(TenantId tenant, String id) {
    private static final Pattern ID = Pattern.compile("resp_[0-9a-f]{32}");

    public ResponseKey {
        requireNonNull(tenant, "tenant");
        if (!isId(id)) {
            throw new IllegalArgumentException("not the id of a response");
        }
    }

    /** @return whether a response could have that id */
    static boolean isId(final String text) {
        return ID.matcher(text).matches();
    }
}
