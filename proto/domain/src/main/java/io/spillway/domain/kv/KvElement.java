package io.spillway.domain.kv;

/** How one key or value number is stored. */
public enum KvElement {
    F32(1, 4), F16(2, 2), BF16(3, 2);

    private final int number;
    private final int bytes;

    KvElement(final int number, final int bytes) {
        this.number = number;
        this.bytes = bytes;
    }

    /** @return stable number, part of block identity */
    public int number() {
        return number;
    }

    public int bytes() {
        return bytes;
    }

    /** @throws IllegalArgumentException for a number no version has used */
    public static KvElement ofNumber(final int number) {
        for (final KvElement element : values()) {
            if (element.number == number) {
                return element;
            }
        }
        throw new IllegalArgumentException("unknown KV element number " + number);
    }
}
