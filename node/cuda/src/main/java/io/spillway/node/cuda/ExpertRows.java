package io.spillway.node.cuda;

/**
 * Which rows meet the matrices of which experts: device memory that {@link ExpertCall} fills. An entry is row · chosen + i for the
 * i-th expert that a row uses: where that expert's results of it stand.
 *
 * @param work          [1 + 2 · piecesMax] ints: pieces of work, then expert and first entry of each; 0 without experts
 * @param lists         [experts][listStride] ints: entries of every expert, ascending
 * @param counts        [experts] ints
 * @param listStride    rows of a step, at most
 * @param tileRows      rows of a piece of work
 * @param piecesMax     pieces of work, at most
 * @param entriesPerRow what an entry is divided by for the row of the input: chosen for the first product, 1 for one that reads its results
 */
public record ExpertRows(long work, long lists, long counts, int listStride, int tileRows, int piecesMax, int entriesPerRow) {
    /** Every row meets the same matrix. */
    public static final ExpertRows NONE = new ExpertRows(0, 0, 0, 0, 0, 0, 1);

    boolean exist() {
        return work != 0;
    }

    /** @return the same rows, where the input has a row for each entry */
    public ExpertRows byEntry() {
        return new ExpertRows(work, lists, counts, listStride, tileRows, piecesMax, 1);
    }

    /** @return the most pieces of work of {@code rows} rows with {@code chosen} experts each */
    public static int piecesMax(final int rows, final int chosen, final int experts, final int tileRows) {
        final int entries = rows * chosen;
        return Math.min(entries, experts + entries / tileRows);
    }
}
