package io.spillway.node.engine;

import io.spillway.node.sampling.TokenConstraint;
import java.util.Arrays;

/**
 * A constraint for tests, over the fake model's tokens: four times 1 or 2, then 3, 4, 5 in this order, and again, without end.
 */
final class ForcedRuns implements TokenConstraint {
    private int taken; // of a round: below 4 free, then forced

    @Override
    public void fillMask(final long[] mask) {
        Arrays.fill(mask, 0);
        mask[0] = taken < 4 ? 0b110 : 1L << taken - 1;
    }

    @Override
    public boolean advance(final int token) {
        final boolean isAllowed = taken < 4 ? token == 1 || token == 2 : token == taken - 1;
        taken = isAllowed ? (taken + 1) % 7 : taken;
        return isAllowed;
    }

    @Override
    public int forced() {
        return taken < 4 ? NONE : taken - 1;
    }

    @Override
    public boolean mayEnd() {
        return false;
    }

    @Override
    public TokenConstraint copy() {
        final ForcedRuns copy = new ForcedRuns();
        copy.taken = taken;
        return copy;
    }
}
