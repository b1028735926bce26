package io.spillway.node.stored;

import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Q4_K: 256 numbers as {@code (d · s) · q − (dmin · m)}, chosen for the least squared error: without knowledge of the inputs
 * that the weights will meet, every weight's error counts alike. Each part of 32 is fitted by
 * itself ({@link LineFit}); the fits are rounded to six bits of a common d and dmin; then, in turns, each part takes the best
 * of its neighbouring (s, m), and d and dmin are solved for again, as long as that helps.
 */
final class Q4KEncoder implements RowEncoder {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int COLUMNS = 256;
    private static final int PARTS = 8;
    private static final int PART = 32;
    private static final int SIX_BITS = 63;
    private static final int ROUNDS = 3;
    private static final float HALF_MAX = 65504f;

    private final LineFit fit = new LineFit();
    private final float[] x = new float[COLUMNS];
    private final byte[] q = new byte[COLUMNS];
    private final int[] s = new int[PARTS];
    private final int[] m = new int[PARTS];
    private final Best best = new Best();
    private float d;
    private float dmin;

    /** The best block so far. */
    private static final class Best {
        private final int[] s = new int[PARTS];
        private final int[] m = new int[PARTS];
        private float d;
        private float dmin;
        private double error;
    }

    @Override
    public TensorType type() {
        return TensorType.Q4_K;
    }

    @Override
    public void encode(final float[] row, final MemorySegment target, final long at) {
        for (int from = 0; from < row.length; from += COLUMNS) {
            System.arraycopy(row, from, x, 0, COLUMNS);
            start();
            best.error = Double.MAX_VALUE;
            for (int round = 0; round < ROUNDS && improve(); round++) {
                solve();
            }
            write(target, at + TensorType.Q4_K.bytesOf(from));
        }
    }

    /** Fits every part and rounds the fits. */
    private void start() {
        final float[] scales = new float[PARTS];
        final float[] minima = new float[PARTS];
        float scaleMax = 0;
        float minimumMax = 0;
        for (int part = 0; part < PARTS; part++) {
            fit.fit(x, part * PART);
            scales[part] = fit.scale();
            minima[part] = fit.minimum();
            scaleMax = Math.max(scaleMax, scales[part]);
            minimumMax = Math.max(minimumMax, minima[part]);
        }
        d = half(scaleMax / SIX_BITS);
        dmin = half(minimumMax / SIX_BITS);
        for (int part = 0; part < PARTS; part++) {
            s[part] = six(scales[part], d);
            m[part] = six(minima[part], dmin);
        }
    }

    private static float half(final float value) {
        return Half.toFloat(Half.fromFloat(Math.clamp(value, 0, HALF_MAX)));
    }

    private static int six(final float value, final float unit) {
        return unit == 0 ? 0 : Math.clamp(Math.round(value / unit), 0, SIX_BITS);
    }

    /** Moves every part to its best neighbouring (s, m). @return whether the block became better than any before; kept if so */
    private boolean improve() {
        double total = 0;
        for (int part = 0; part < PARTS; part++) {
            total += bestNeighbour(part);
        }
        if (total >= best.error) {
            return false;
        }
        best.error = total;
        best.d = d;
        best.dmin = dmin;
        System.arraycopy(s, 0, best.s, 0, PARTS);
        System.arraycopy(m, 0, best.m, 0, PARTS);
        return true;
    }

    private double bestNeighbour(final int part) {
        final int s0 = s[part];
        final int m0 = m[part];
        double least = Double.MAX_VALUE;
        for (int ds = -1; ds <= 1; ds++) {
            for (int dm = -1; dm <= 1; dm++) {
                final int ss = Math.clamp(s0 + ds, 0, SIX_BITS);
                final int mm = Math.clamp(m0 + dm, 0, SIX_BITS);
                final double error = LineFit.error(x, part * PART, d * ss, dmin * mm);
                if (error < least) {
                    least = error;
                    s[part] = ss;
                    m[part] = mm;
                }
            }
        }
        return least;
    }

    /** Solves for d and dmin with everything else as it is: two normal equations over 256 numbers. */
    private void solve() {
        quantise(d, dmin, s, m);
        double aa = 0;
        double ab = 0;
        double bb = 0;
        double ax = 0;
        double bx = 0;
        for (int i = 0; i < COLUMNS; i++) {
            final double a = s[i / PART] * q[i];
            final double b = -m[i / PART];
            aa += a * a;
            ab += a * b;
            bb += b * b;
            ax += a * x[i];
            bx += b * x[i];
        }
        final double determinant = aa * bb - ab * ab;
        if (determinant > 1e-9 * aa * bb) {
            d = half((float) ((ax * bb - bx * ab) / determinant));
            dmin = half((float) ((bx * aa - ax * ab) / determinant));
        } else if (aa > 0) {
            d = half((float) ((ax - ab * dmin) / aa));
        }
    }

    private void quantise(final float unit, final float minimumUnit, final int[] scales, final int[] minima) {
        for (int part = 0; part < PARTS; part++) {
            LineFit.quantise(x, part * PART, unit * scales[part], minimumUnit * minima[part], q);
        }
    }

    private void write(final MemorySegment target, final long block) {
        quantise(best.d, best.dmin, best.s, best.m);
        target.set(SHORT, block, Half.fromFloat(best.d));
        target.set(SHORT, block + 2, Half.fromFloat(best.dmin));
        for (int part = 0; part < PARTS / 2; part++) {
            final int high = part + PARTS / 2;
            set(target, block + 4 + part, best.s[part] | best.s[high] >> 4 << 6);
            set(target, block + 8 + part, best.m[part] | best.m[high] >> 4 << 6);
            set(target, block + 12 + part, best.s[high] & 0xF | (best.m[high] & 0xF) << 4);
        }
        for (int i = 0; i < COLUMNS / 2; i++) {
            final int low = i / PART * 2 * PART + i % PART;
            set(target, block + 16 + i, q[low] | q[low + PART] << 4);
        }
    }

    private static void set(final MemorySegment target, final long at, final int value) {
        target.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }
}
