package io.spillway.node.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class StepPolicyPropertyTest {
    private static final int BLOCK_TOKENS = 4;

    /** A sequence as plain numbers; its blocks are its own unless it says otherwise. */
    private static final class Fake implements Schedulable {
        private boolean ready = true;
        private int computed;
        private int pending;
        private int held;
        private int outputLeft;
        private boolean sharesAll;

        private Fake(final int computed, final int pending, final int held) {
            this.computed = computed;
            this.pending = pending;
            this.held = held;
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
        public int heldBlocks() {
            return held;
        }

        @Override
        public int reclaimableBlocks() {
            return sharesAll ? 0 : held;
        }
    }

    @Property(tries = 1000)
    void plansKeepTheirBudgets(@ForAll final long seed) {
        final Random random = new Random(seed);
        final List<Fake> byAge = sequences(random);
        final int allocatable = random.nextInt(10);
        final StepPolicy policy = new StepPolicy(Math.max(byAge.size(), 1 + random.nextInt(30)), BLOCK_TOKENS);
        final StepPlan plan = new StepPlan();
        policy.plan(byAge, allocatable, plan);

        int blocks = allocatable;
        for (int i = plan.keptCount(); i < byAge.size(); i++) {
            blocks += byAge.get(i).held;
        }
        for (int i = 0; i < plan.keptCount(); i++) {
            final Fake fake = byAge.get(i);
            final int tokens = plan.tokens(i);
            assertThat(tokens).isBetween(0, fake.ready ? fake.pending : 0);
            blocks -= tokens == 0 ? 0 : Math.max(0, Math.ceilDiv(fake.computed + tokens, BLOCK_TOKENS) - fake.held);
        }
        assertThat(blocks).as("blocks promised twice").isNotNegative();
        assertThat(plan.totalTokens()).isLessThanOrEqualTo(policy.stepTokensMax());
        assertThat(plan.keptCount()).isGreaterThanOrEqualTo(Math.min(1, byAge.size()));
        checkNobodyStarves(byAge, plan, allocatable);
    }

    private static void checkNobodyStarves(final List<Fake> byAge, final StepPlan plan, final int allocatable) {
        final int blocks = allocatable + byAge.stream().skip(1).mapToInt(Fake::heldBlocks).sum();
        if (!byAge.isEmpty() && byAge.getFirst().ready && byAge.getFirst().held + blocks
            >= Math.ceilDiv(byAge.getFirst().computed + 1, BLOCK_TOKENS)) {
            assertThat(plan.tokens(0)).as("the oldest always gets on").isPositive();
        }
        for (int i = 0; i < plan.keptCount(); i++) {
            final Fake fake = byAge.get(i);
            final boolean hasRoom = fake.computed < fake.held * BLOCK_TOKENS;
            if (fake.ready && fake.pending == 1 && hasRoom) {
                assertThat(plan.tokens(i)).as("who decodes and has room decodes").isEqualTo(1);
            }
        }
    }

    private static List<Fake> sequences(final Random random) {
        final List<Fake> byAge = new ArrayList<>();
        for (int i = random.nextInt(8); i > 0; i--) {
            final int computed = random.nextInt(20);
            final Fake fake = new Fake(computed, random.nextBoolean() ? 1 : 1 + random.nextInt(30),
                Math.ceilDiv(computed, BLOCK_TOKENS));
            fake.ready = random.nextInt(6) > 0;
            byAge.add(fake);
        }
        return byAge;
    }

    /** Plays plans out on a device that is too small for all: everybody ends, in a bounded number of steps. */
    @Property(tries = 200)
    void everySequenceEnds(@ForAll final long seed) {
        final Random random = new Random(seed);
        final int deviceBlocks = 10;
        final StepPolicy policy = new StepPolicy(4 + random.nextInt(12), BLOCK_TOKENS);
        final List<Fake> waiting = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            final Fake fake = new Fake(0, 1 + random.nextInt(20), 0);
            fake.outputLeft = 1 + random.nextInt(20); // 39 positions at most: 10 blocks
            waiting.add(fake);
        }
        final List<Fake> active = new ArrayList<>();
        final StepPlan plan = new StepPlan();
        int steps = 0;
        for (; !waiting.isEmpty() || !active.isEmpty(); steps++) {
            assertThat(steps).isLessThan(5_000);
            final int before = deviceBlocks - active.stream().mapToInt(Fake::heldBlocks).sum();
            while (!waiting.isEmpty() && active.size() < 4 && policy.admits(
                active, Math.ceilDiv(waiting.getFirst().pending, BLOCK_TOKENS), before)) {
                active.add(waiting.removeFirst());
            }
            policy.plan(active, before, plan);
            play(active, waiting, plan);
        }
    }

    private static void play(final List<Fake> active, final List<Fake> waiting, final StepPlan plan) {
        while (active.size() > plan.keptCount()) {
            final Fake fake = active.removeLast();
            fake.pending += fake.computed;
            fake.computed = 0;
            fake.held = 0;
            waiting.addFirst(fake);
        }
        for (int i = 0; i < plan.keptCount(); i++) {
            final Fake fake = active.get(i);
            fake.computed += plan.tokens(i);
            fake.pending -= plan.tokens(i);
            fake.held = Math.max(fake.held, Math.ceilDiv(fake.computed, BLOCK_TOKENS));
            if (fake.pending == 0) {
                fake.outputLeft--;
                fake.pending = 1;
            }
        }
        active.removeIf(fake -> fake.outputLeft == 0);
    }

    @Test
    void decodingComesFirstAndPrefillIsShared() {
        final StepPlan plan = new StepPlan();
        final List<Fake> byAge = List.of(new Fake(0, 1000, 0), new Fake(0, 8, 0), new Fake(9, 1, 3));
        new StepPolicy(33, BLOCK_TOKENS).plan(byAge, 100, plan);
        assertThat(plan.tokens(2)).isEqualTo(1);
        assertThat(plan.tokens(1)).as("the short prompt is done at once").isEqualTo(8);
        assertThat(plan.tokens(0)).as("the long one gets the rest").isEqualTo(24);
    }

    @Test
    void theYoungestMakesRoomAndTheOldestDoesNot() {
        final StepPlan plan = new StepPlan();
        final List<Fake> byAge = List.of(new Fake(8, 1, 2), new Fake(7, 1, 2), new Fake(5, 1, 2));
        new StepPolicy(8, BLOCK_TOKENS).plan(byAge, 0, plan);
        assertThat(plan.keptCount()).isEqualTo(2);
        assertThat(plan.tokens(0)).isEqualTo(1);
        assertThat(plan.tokens(1)).isEqualTo(1);
    }

    /** Two that share all their blocks promise nothing one by one, yet hold what the oldest needs: it must not wait. */
    @Test
    void theOldestDrivesOutEvenThoseThatPromiseNoBlocks() {
        final StepPlan plan = new StepPlan();
        final List<Fake> byAge = List.of(new Fake(8, 1, 2), new Fake(8, 1, 2), new Fake(8, 1, 2));
        byAge.get(1).sharesAll = true;
        byAge.get(2).sharesAll = true;
        new StepPolicy(8, BLOCK_TOKENS).plan(byAge, 0, plan);
        assertThat(plan.keptCount()).isEqualTo(1);
    }

    @Test
    void aSequenceBeginsOnlyWhereItDrivesNobodyOut() {
        final StepPolicy policy = new StepPolicy(8, BLOCK_TOKENS);
        final List<Fake> active = List.of(new Fake(4, 8, 1)); // two more blocks are promised to it
        assertThat(policy.admits(active, 3, 5)).isTrue();
        assertThat(policy.admits(active, 4, 5)).isFalse();
        assertThat(policy.admits(List.of(), 4, 0)).isTrue();
    }
}
