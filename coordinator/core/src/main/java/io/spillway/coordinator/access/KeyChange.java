package io.spillway.coordinator.access;

import io.spillway.domain.id.TenantId;
import java.util.List;
import java.util.Set;

/** A change to the API keys. Reads no clock: the leader's time comes with it when it is applied. */
public sealed interface KeyChange {
    /**
     * What the cluster is told of a new secret.
     *
     * @param sha256Hex its SHA-256 in hexadecimal
     * @param hint      how it begins; "" when only the hash is known
     */
    record Secret(String sha256Hex, String hint) {
    }

    /**
     * A new key.
     *
     * @param lifetimeMillis from its creation; 0 = for ever
     */
    record Issue(TenantId tenant, Secret secret, String name, Set<Scope> scopes, long lifetimeMillis) implements KeyChange {
        public Issue {
            scopes = Set.copyOf(scopes);
        }
    }

    /**
     * A key gets a successor with the same name and scopes. Both are taken for the time of grace.
     *
     * @param id             of the old key
     * @param lifetimeMillis of the new one; 0 = for ever, {@link #SAME_LIFETIME} = as long as the old one was given
     */
    record Rotate(TenantId tenant, String id, Secret secret, long graceMillis, long lifetimeMillis) implements KeyChange {
        /** The successor is to live as long as the old key was given. */
        public static final long SAME_LIFETIME = -1;
    }

    /** A key is not taken any more. */
    record Revoke(TenantId tenant, String id) implements KeyChange {
    }

    /** Keys were used about now; those that are not known are passed over. */
    record NoteUse(List<String> sha256Hexes) implements KeyChange {
        public NoteUse {
            sha256Hexes = List.copyOf(sha256Hexes);
        }
    }
}
