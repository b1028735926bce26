package io.spillway.node.parallel;

import io.spillway.node.compute.Collective;
import io.spillway.node.compute.Tensor;
import java.util.Arrays;

/** Ranks that share memory: each shows the others its tensor, adds up a stretch of all of them, and writes it to all. Thread: the rank's own. */
final class LocalCollective implements Collective {
    /** Stretches begin at whole cache lines, so that ranks do not write to the same one. */
    private static final int LINE_FLOATS = 16;

    private final int rank;
    private final MeetingPoint meeting;
    private final Tensor[] shown;       // [ranks], the same array for all: each writes its own, between two meetings

    private LocalCollective(final int rank, final MeetingPoint meeting, final Tensor[] shown) {
        this.rank = rank;
        this.meeting = meeting;
        this.shown = shown;
    }

    /** @return one per rank */
    static LocalCollective[] of(final int ranks, final MeetingPoint meeting) {
        final Tensor[] shown = new Tensor[ranks];
        final LocalCollective[] all = new LocalCollective[ranks];
        Arrays.setAll(all, rank -> new LocalCollective(rank, meeting, shown));
        return all;
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int ranks() {
        return shown.length;
    }

    @Override
    public void sum(final Tensor x, final int rows) {
        if (shown.length == 1) {
            return;
        }
        shown[rank] = x;
        meeting.await();
        final int count = rows * x.width();
        final int lines = Math.ceilDiv(count, LINE_FLOATS);
        final int from = (int) ((long) lines * rank / shown.length) * LINE_FLOATS;
        addUp(from, Math.min(count, (int) ((long) lines * (rank + 1) / shown.length) * LINE_FLOATS));
        meeting.await();
    }

    private void addUp(final int from, final int to) {
        final float[] sum = shown[0].values();
        for (int other = 1; other < shown.length; other++) {
            final float[] x = shown[other].values();
            for (int i = from; i < to; i++) {
                sum[i] += x[i];
            }
        }
        for (int other = 1; other < shown.length && from < to; other++) {
            System.arraycopy(sum, from, shown[other].values(), from, to - from);
        }
    }

    @Override
    public void gather(final Tensor part, final int rows, final int firstColumn, final Tensor whole) {
        if (rank == 0) {
            shown[0] = whole;
        }
        meeting.await();
        final Tensor all = shown[0];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(part.values(), row * part.width(), all.values(), row * all.width() + firstColumn, part.width());
        }
        meeting.await();
    }

    @Override
    public void meet() {
        meeting.await();
    }
}
