package io.spillway.node.compute;

/**
 * How a packed weight is stored.
 *
 * <p>Two kinds. {@code F32, F16, BF16, F8}: every stored number is exactly a float and meets the activations as they are.
 * The others are integers with scales: they meet activations that were rounded to 8 bits, 32 at a time
 * ({@link ActivationRounding}), and sums of products of integers are exact. File formats that are not listed are packed as
 * the narrowest of these that holds their numbers exactly ({@link MatrixPacker}).
 */
public enum DType {
    F32(1, 64, Kind.FLOAT), F16(1, 32, Kind.FLOAT), BF16(1, 32, Kind.FLOAT),
    /** Eight-bit floats (e4m3), one F32 scale per 32. */
    F8(32, 576, Kind.FLOAT),
    /** Eight-bit integers, one F16 scale per 32. */
    Q8_0(32, 544, Kind.INTEGER),
    /** Four-bit integers − 8, one F16 scale per 32. */
    Q4_0(32, 288, Kind.INTEGER),
    /** Four-bit integers, F16 d and dmin per 256; six-bit scale and minimum per 32: (d · scale) · q − (dmin · minimum). */
    Q4_K(256, 2368, Kind.INTEGER_WITH_MINIMUM),
    /** Four-bit integers, F32 scale and minimum per 32: scale · q − minimum. */
    Q4_M(32, 384, Kind.INTEGER_WITH_MINIMUM),
    /** Eight-bit integers, F32 scale per 16. */
    Q8_G(32, 640, Kind.INTEGER),
    /** Eight-bit integers, F32 scale and minimum per 16: scale · q − minimum. */
    Q8_M(32, 768, Kind.INTEGER_WITH_MINIMUM),
    /** Six-bit integers − 32, F16 d per 256; signed eight-bit scale per 16: (d · scale) · q. */
    Q6_K(256, 3360, Kind.INTEGER);

    /** Output rows that are interleaved: one row of a panel is 16 weights that meet the same input element. */
    public static final int PANEL_ROWS = 16;

    private final int blockColumns;
    private final int panelBlockBytes;
    private final Kind kind;

    DType(final int blockColumns, final int panelBlockBytes, final Kind kind) {
        this.blockColumns = blockColumns;
        this.panelBlockBytes = panelBlockBytes;
        this.kind = kind;
    }

    private enum Kind { FLOAT, INTEGER, INTEGER_WITH_MINIMUM }

    /** @return columns of one stored block; a matrix has a whole number of these */
    public int blockColumns() {
        return blockColumns;
    }

    /** @return bytes of one block of 16 rows × {@link #blockColumns()} columns, scales included */
    public int panelBlockBytes() {
        return panelBlockBytes;
    }

    /** @return bytes of 16 interleaved rows of {@code columns} */
    public long panelBytes(final int columns) {
        return (long) (columns / blockColumns) * panelBlockBytes;
    }

    /** @return whether it meets rounded activations, and products are summed as integers */
    public boolean isInteger() {
        return kind != Kind.FLOAT;
    }

    /** @return whether something is subtracted from every scaled integer */
    public boolean hasMinimum() {
        return kind == Kind.INTEGER_WITH_MINIMUM;
    }

    /** @return columns that share a scale, of the integer formats: 16 or 32 */
    public int groupColumns() {
        return this == Q8_G || this == Q8_M || this == Q6_K ? 16 : 32;
    }
}
