package io.spillway.node.cpu;

import io.spillway.node.compute.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Exact dot products of several columns in one multiplication of 64 bits. With X a power of two, (w0 + w1 X + w2 X²)(a2 + a1 X + a0 X²)
 * has w0 a0 + w1 a1 + w2 a2 at X²; what is above leaves the 64 bits, and what is below is smaller than half of X², so that it is
 * rounded away when a group's products have been added up.
 *
 * <p>Q8_0: three columns, X = 2^22. Below are at most 11 w0 a2 + 22 (w1 a2) X, less than 2^41; above, the group's sum, less than 2^19.
 * A group of 32 columns takes 11 products, the last of two columns. Q4_0: four columns, X = 2^16; a group's sum is at most
 * 32 · 8 · 127 &lt; 2^15, and what is below at most three quarters of that. So both beat products of floats, which take one
 * column each, where processors multiply 64-bit lanes as fast as floats.
 */
final class WideProducts {
    static final VectorSpecies<Long> L = PairProducts.F.withLanes(long.class);
    /** Products of a group. */
    static final int INT8_STEPS = 11;
    static final int NIBBLE_STEPS = 8;
    /** Rows from which on they are faster than products in 16 bits. */
    private static final int INT8_ROWS = 8;
    private static final int NIBBLE_ROWS = 7;
    /** From one column's place to the next. */
    static final int INT8_FIELD = 22;
    static final int NIBBLE_FIELD = 16;
    /** From the even outputs of a vector of outputs to the odd ones. */
    static final int ODD = L.length();
    private static final String PROPERTY = "spillway.vector.wide";
    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");
    /** Whether kernels use them in this process: {@code spillway.vector.wide}, by default where they are fast. */
    static final boolean USED = used();

    private WideProducts() {
    }

    /** @return whether there are kernels for that format, and that many rows repay what laying weights out costs */
    static boolean serve(final DType dtype, final int rows) {
        return dtype == DType.Q8_0 && rows >= INT8_ROWS || dtype == DType.Q4_0 && rows >= NIBBLE_ROWS;
    }

    /** @return activations of one row and block: that of the first of several columns comes last. @param out at {@code to}, steps apart by {@code stride} */
    static void int8s(final byte[] rounded, final int at, final long[] out, final int to, final int stride) {
        for (int quad = 0; quad < 8; quad++) {
            out[to + quad * stride] = rounded[at + 4 * quad + 2] + ((long) rounded[at + 4 * quad + 1] << INT8_FIELD)
                    + ((long) rounded[at + 4 * quad] << 2 * INT8_FIELD);
        }
        for (int rest = 0; rest < 3; rest++) {
            final int quad = 3 * rest;
            out[to + (8 + rest) * stride] = (rest < 2 ? rounded[at + 4 * quad + 11] : 0) + ((long) rounded[at + 4 * quad + 7] << INT8_FIELD)
                    + ((long) rounded[at + 4 * quad + 3] << 2 * INT8_FIELD);
        }
    }

    /** The same for nibbles. */
    static void nibbles(final byte[] rounded, final int at, final long[] out, final int to, final int stride) {
        for (int step = 0; step < NIBBLE_STEPS; step++) {
            final int column = at + 4 * step;
            out[to + step * stride] = rounded[column + 3] + ((long) rounded[column + 2] << NIBBLE_FIELD)
                    + ((long) rounded[column + 1] << 2 * NIBBLE_FIELD) + ((long) rounded[column] << 3 * NIBBLE_FIELD);
        }
    }

    private static boolean used() {
        final String told = System.getProperty(PROPERTY);
        if (told != null) {
            return Boolean.parseBoolean(told) && L.length() > 2;
        }
        return L.length() == LongVector.SPECIES_512.length() && isFast();
    }

    /** Processors of AMD with AVX-512 multiply 64-bit lanes at full speed, those of Intel at a third of it; of others nothing is known. */
    private static boolean isFast() {
        if (!Files.isReadable(PROCESSORS)) {
            return false;
        }
        try (Stream<String> lines = Files.lines(PROCESSORS)) {
            return lines.limit(8).anyMatch(line -> line.startsWith("vendor_id") && line.contains("AuthenticAMD"));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
