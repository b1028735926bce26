package io.spillway.domain.cluster;

/** What a member does. */
public enum NodeRole {
    /** Runs a model. */
    ENGINE(1),
    /** Keeps blocks. */
    STORE(2);

    private final int number;

    NodeRole(final int number) {
        this.number = number;
    }

    /** @return stable number on the wire */
    public int number() {
        return number;
    }

    /** @throws IllegalArgumentException for a number no version has used */
    public static NodeRole ofNumber(final int number) {
        for (final NodeRole role : values()) {
            if (role.number == number) {
                return role;
            }
        }
        throw new IllegalArgumentException("unknown node role number " + number);
    }
}
