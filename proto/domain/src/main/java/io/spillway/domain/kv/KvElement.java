package io.spillway.domain.kv;

/**
 * How one key or value number is stored. {@code F32, F16, BF16} stand for themselves; the others are quantised when their
 * token is stored, with a scale of their own for every token, head, and K or V ({@link KvLayout} says where).
 */
public enum KvElement {
    F32(1, 32), F16(2, 16), BF16(3, 16),
    /** Eight-bit floats (e4m3) times an F32 scale. */
    F8(4, 8),
    /** Integers from −127 to 127 times an F32 scale. */
    I8(5, 8),
    /** Integers from 0 to 15 times an F16 scale, plus an F16 minimum. */
    I4(6, 4);

    private final int number;
    private final int bits;

    KvElement(final int number, final int bits) {
        this.number = number;
        this.bits = bits;
    }

    /** @return stable number, part of block identity */
    public int number() {
        return number;
    }

    /** @return bits of a stored number, without its share of the scale */
    public int bits() {
        return bits;
    }

    /** @return whether a token's numbers share a scale */
    public boolean isQuantised() {
        return bits < Short.SIZE;
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
