package io.spillway.domain.kv;

/** Where a block is, seen from the node that would use it; nearest first. */
public enum Tier {
    /** In the memory the kernels read. */
    DEVICE(1),
    /** In DRAM of this member. */
    HOST(2),
    /** In another member's memory. */
    REMOTE(3),
    /** On a disk. */
    DISK(4);

    private final int number;

    Tier(final int number) {
        this.number = number;
    }

    /** @return stable number on the wire */
    public int number() {
        return number;
    }

    /** @throws IllegalArgumentException for a number no version has used */
    public static Tier ofNumber(final int number) {
        for (final Tier tier : values()) {
            if (tier.number == number) {
                return tier;
            }
        }
        throw new IllegalArgumentException("unknown tier number " + number);
    }
}
