package io.spillway.modelfile;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Damages bytes the way that accidents and attackers do: cut, flipped, pasted, and numbers at the edges of their range. */
final class Mutation {
    private static final long[] EDGES = {0, 1, -1, 2, 255, 256, Byte.MIN_VALUE, Short.MAX_VALUE, 1 << 20, 1 << 24, Integer.MAX_VALUE,
        Integer.MIN_VALUE, 1L << 32, 1L << 40, 1L << 62, Long.MAX_VALUE, Long.MIN_VALUE, Long.MAX_VALUE / 2, Long.MAX_VALUE / 34};

    private final Random random;
    private final List<byte[]> donors;

    /** @param donors where pasted pieces come from */
    Mutation(final Random random, final List<byte[]> donors) {
        this.random = random;
        this.donors = donors;
    }

    byte[] of(final byte[] whole) {
        byte[] bytes = whole.clone();
        for (int i = random.nextInt(4); i >= 0; i--) {
            bytes = once(bytes);
        }
        return bytes;
    }

    private byte[] once(final byte[] bytes) {
        if (bytes.length < 16) {
            return bytes;
        }
        final int at = random.nextInt(bytes.length - 8);
        switch (random.nextInt(8)) {
            case 0 -> {
                return Arrays.copyOf(bytes, random.nextInt(bytes.length));
            }
            case 1 -> {
                return pasted(bytes, at);
            }
            case 2 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 3 -> bytes[at] = (byte) random.nextInt();
            case 4 -> put(bytes, at & ~7, 8, EDGES[random.nextInt(EDGES.length)]);
            case 5 -> put(bytes, at, random.nextBoolean() ? 4 : 8, EDGES[random.nextInt(EDGES.length)]);
            case 6 -> put(bytes, at, 8, random.nextLong() >>> random.nextInt(64));
            default -> put(bytes, at, 4, random.nextInt(64));
        }
        return bytes;
    }

    private byte[] pasted(final byte[] bytes, final int at) {
        final byte[] donor = donors.get(random.nextInt(donors.size()));
        final int from = random.nextInt(donor.length);
        final int length = random.nextInt(Math.min(64, donor.length - from) + 1);
        final int skip = random.nextInt(Math.min(64, bytes.length - at) + 1);
        final byte[] result = new byte[bytes.length - skip + length];
        System.arraycopy(bytes, 0, result, 0, at);
        System.arraycopy(donor, from, result, at, length);
        System.arraycopy(bytes, at + skip, result, at + length, bytes.length - at - skip);
        return result;
    }

    private static void put(final byte[] bytes, final int at, final int count, final long value) {
        for (int b = 0; b < count; b++) {
            bytes[at + b] = (byte) (value >>> 8 * b);
        }
    }
}
