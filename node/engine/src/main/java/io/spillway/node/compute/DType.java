package io.spillway.node.compute;

/** How a packed weight is stored. Every stored number is exactly a float: formats differ in bytes, not in arithmetic. */
public enum DType {
    F32(1, 64), F16(1, 32), BF16(1, 32), Q8_0(32, 544), Q4_0(32, 288);

    /** Output rows that are interleaved: one row of a panel is 16 weights that meet the same input element. */
    public static final int PANEL_ROWS = 16;

    private final int blockColumns;
    private final int panelBlockBytes;

    DType(final int blockColumns, final int panelBlockBytes) {
        this.blockColumns = blockColumns;
        this.panelBlockBytes = panelBlockBytes;
    }

    /** @return columns that share one scale; a matrix has a whole number of these */
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
}
