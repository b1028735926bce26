package io.spillway.node.sampling;

/**
 * Random numbers without state: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), key
 * = seed, counter = output position. So a request draws the same numbers wherever and whenever it continues.
 */
public final class CounterRandom {
    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final long LOW_32 = 0xFFFF_FFFFL;

    private CounterRandom() {
    }

    /**
     * @return uniform in [0, 1), a multiple of 2⁻⁵³, for the output position {@code position} of a request with {@code
     * seed}
     */
    public static double uniform(final long seed, final long position) {
        return (bits(seed, position) >>> 11) * 0x1.0p-53;
    }

    /** @return the first 64 of the generator's 128 bits: word 1 above word 0 */
    public static long bits(final long seed, final long position) {
        return block(new Counter(position, 0L), seed).low();
    }

    /** 128 bits as two words of 64, each holding two of Philox' words, the lower one in the lower half. */
    record Counter(long low, long high) {
    }

    static Counter block(final Counter counter, final long key) {
        int c0 = (int) counter.low();
        int c1 = (int) (counter.low() >>> 32);
        int c2 = (int) counter.high();
        int c3 = (int) (counter.high() >>> 32);
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            final long product0 = MULTIPLIER_0 * (c0 & LOW_32);
            final long product1 = MULTIPLIER_1 * (c2 & LOW_32);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c1 = (int) product1;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c3 = (int) product0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        return new Counter((c0 & LOW_32) | (long) c1 << 32, (c2 & LOW_32) | (long) c3 << 32);
    }
}
