package io.spillway.node.scheduler;

/** A sequence as plain numbers; its blocks are its own unless it says otherwise. */
final class FakeSequence implements Schedulable {
    Rank rank;
    boolean ready = true;
    int computed;
    int pending;
    int held;
    int expectedMore;
    boolean sharesAll;
    long comeBackNanos;

    FakeSequence(final int computed, final int pending, final int held) {
        this.computed = computed;
        this.pending = pending;
        this.held = held;
    }

    /** A flow of its own, no priority, in the order of {@code arrival}. */
    FakeSequence ranked(final int arrival) {
        return ranked(arrival, 0, arrival);
    }

    FakeSequence ranked(final int arrival, final int priority, final int flow) {
        rank = new Rank(arrival, arrival, priority, flow);
        return this;
    }

    @Override
    public Rank rank() {
        return rank;
    }

    @Override
    public boolean ready() {
        return ready;
    }

    @Override
    public int computedTokens() {
        return computed;
    }

    @Override
    public int pendingTokens() {
        return pending;
    }

    @Override
    public int expectedTokens() {
        return computed + pending + expectedMore;
    }

    @Override
    public int heldBlocks() {
        return held;
    }

    @Override
    public int reclaimableBlocks() {
        return sharesAll ? 0 : held;
    }

    @Override
    public long comeBackNanos() {
        return comeBackNanos;
    }
}
