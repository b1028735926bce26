package io.spillway.node.compute;

/**
 * Port: what one rank says to the others while several compute one model together. Every rank calls the same methods in the same order with the
 * same shapes; a call returns when all have made it. Sums are in the order of ranks, so a result depends neither on who comes first nor on what
 * else is in the step.
 *
 * <p>Thread: the rank's own. A call throws when another rank failed: its step is lost as well.
 */
public interface Collective {
    /** One rank: nobody to talk to. */
    Collective ALONE = new Collective() {
        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int ranks() {
            return 1;
        }

        @Override
        public void sum(final Tensor x, final int rows) {
            // it is the sum
        }

        @Override
        public void gather(final Tensor part, final int rows, final int firstColumn, final Tensor whole) {
            for (int row = 0; row < rows; row++) {
                System.arraycopy(part.values(), row * part.width(), whole.values(), row * whole.width() + firstColumn, part.width());
            }
        }

        @Override
        public void meet() {
            // everybody is here
        }
    };

    /** @return which one this is, from 0 */
    int rank();

    /** @return how many there are */
    int ranks();

    /** {@code x = ((x of rank 0 + x of rank 1) + x of rank 2) + …}, element by element, in F32, for every rank the same bits. */
    void sum(Tensor x, int rows);

    /**
     * Puts the columns that each rank has beside each other.
     *
     * @param part        [rows][its columns]
     * @param firstColumn where they belong
     * @param whole       out: [rows][columns of all], of rank 0; the others' are not looked at
     */
    void gather(Tensor part, int rows, int firstColumn, Tensor whole);

    /** Returns when all ranks have called it: what each wrote before, all see afterwards. */
    void meet();
}
