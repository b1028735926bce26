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

    @Property(tries = 1000)
    void plansKeepTheirBudgets(@ForAll final long seed) {
        final Random random = new Random(seed);
        final List<FakeSequence> byRank = sequences(random);
        final int allocatable = random.nextInt(10);
        final StepPolicy policy = new StepPolicy(Math.max(byRank.size(), 1 + random.nextInt(30)), BLOCK_TOKENS);
        final StepPlan plan = new StepPlan();
        policy.plan(byRank, allocatable, plan);

        int blocks = allocatable;
        int kept = 0;
        for (int i = 0; i < byRank.size(); i++) {
            final FakeSequence fake = byRank.get(i);
            final int tokens = plan.tokens(i);
            assertThat(tokens).isBetween(0, fake.ready && !plan.preempts(i) ? fake.pending : 0);
            blocks += plan.preempts(i) ? fake.held : 0;
            blocks -= tokens == 0 ? 0 : Math.max(0, Math.ceilDiv(fake.computed + tokens, BLOCK_TOKENS) - fake.held);
            kept += plan.preempts(i) ? 0 : 1;
        }
        assertThat(blocks).as("blocks promised twice").isNotNegative();
        assertThat(plan.totalTokens()).isLessThanOrEqualTo(policy.stepTokensMax());
        assertThat(kept).isEqualTo(plan.keptCount());
        assertThat(byRank.isEmpty() || !plan.preempts(0)).as("the first in rank stays").isTrue();
        checkNobodyStarves(byRank, plan, allocatable);
        checkVictims(byRank, plan);
    }

    private static void checkNobodyStarves(
        final List<FakeSequence> byRank, final StepPlan plan, final int allocatable) {
        final int blocks = allocatable + byRank.stream().skip(1).mapToInt(FakeSequence::heldBlocks).sum();
        if (!byRank.isEmpty() && byRank.getFirst().ready && byRank.getFirst().held + blocks
            >= Math.ceilDiv(byRank.getFirst().computed + 1, BLOCK_TOKENS)) {
            assertThat(plan.tokens(0)).as("the first in rank always gets on").isPositive();
        }
        for (int i = 0; i < byRank.size(); i++) {
            final FakeSequence fake = byRank.get(i);
            final boolean hasRoom = fake.computed < fake.held * BLOCK_TOKENS;
            if (fake.ready && fake.pending == 1 && hasRoom && !plan.preempts(i)) {
                assertThat(plan.tokens(i)).as("who decodes and has room decodes").isEqualTo(1);
            }
        }
    }

    /** Nobody makes way while one of a lower priority stays behind whoever got on. */
    private static void checkVictims(final List<FakeSequence> byRank, final StepPlan plan) {
        for (int victim = 0; victim < byRank.size(); victim++) {
            for (int other = victim + 1; plan.preempts(victim) && other < byRank.size(); other++) {
                assertThat(plan.preempts(other) || byRank.get(other).rank.priority() >= byRank.get(victim).rank.priority())
                    .as("%s makes way and %s of lower priority stays", victim, other).isTrue();
            }
        }
    }

    private static List<FakeSequence> sequences(final Random random) {
        final List<FakeSequence> byRank = new ArrayList<>();
        for (int i = 0; i < random.nextInt(8); i++) {
            final int computed = random.nextInt(20);
            final FakeSequence fake = new FakeSequence(computed, random.nextBoolean() ? 1 : 1 + random.nextInt(30),
                Math.ceilDiv(computed, BLOCK_TOKENS)).ranked(i, random.nextInt(3), random.nextInt(4));
            fake.ready = random.nextInt(6) > 0;
            fake.comeBackNanos = random.nextInt(5);
            byRank.add(fake);
        }
        return byRank;
    }

    @Test
    void decodingComesFirstAndPrefillIsShared() {
        final StepPlan plan = new StepPlan();
        final List<FakeSequence> byRank = List.of(new FakeSequence(0, 1000, 0).ranked(0),
            new FakeSequence(0, 8, 0).ranked(1), new FakeSequence(9, 1, 3).ranked(2));
        new StepPolicy(33, BLOCK_TOKENS).plan(byRank, 100, plan);
        assertThat(plan.tokens(2)).isEqualTo(1);
        assertThat(plan.tokens(1)).as("the short prompt is done at once").isEqualTo(8);
        assertThat(plan.tokens(0)).as("the long one gets the rest").isEqualTo(24);
    }

    @Test
    void aRunWithManyPromptsGetsNoMoreThanOneWithOne() {
        final List<FakeSequence> byRank = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            byRank.add(new FakeSequence(0, 1000, 0).ranked(i, 0, 7));
        }
        byRank.add(new FakeSequence(0, 1000, 0).ranked(9, 0, 3));
        final StepPlan plan = new StepPlan();
        new StepPolicy(256, 1).plan(byRank, 10_000, plan);
        assertThat(plan.tokens(0)).as("half for the first in rank").isEqualTo(128);
        assertThat(plan.tokens(9)).as("half of the rest").isEqualTo(64);
        assertThat(plan.tokens(1)).as("an eighth of the other half").isEqualTo(8);
    }

    @Test
    void theLastInRankMakesRoomAndTheFirstDoesNot() {
        final StepPlan plan = new StepPlan();
        final List<FakeSequence> byRank = List.of(new FakeSequence(8, 1, 2).ranked(0),
            new FakeSequence(7, 1, 2).ranked(1), new FakeSequence(5, 1, 2).ranked(2));
        new StepPolicy(8, BLOCK_TOKENS).plan(byRank, 0, plan);
        assertThat(plan.preempts(2)).isTrue();
        assertThat(plan.tokens(0)).isEqualTo(1);
        assertThat(plan.tokens(1)).isEqualTo(1);
        plan.dropPreempted();
        assertThat(plan.count()).isEqualTo(2);
        assertThat(plan.totalTokens()).isEqualTo(2);
    }

    @Test
    void amongEqualsTheOneThatIsSoonestBackMakesRoom() {
        final StepPlan plan = new StepPlan();
        final List<FakeSequence> byRank = List.of(new FakeSequence(8, 1, 2).ranked(0),
            new FakeSequence(8, 1, 3).ranked(1), new FakeSequence(8, 1, 3).ranked(2));
        byRank.get(1).comeBackNanos = 100;
        byRank.get(2).comeBackNanos = 5000;
        new StepPolicy(8, BLOCK_TOKENS).plan(byRank, 0, plan);
        assertThat(plan.preempts(1)).as("its blocks are in the store").isTrue();
        assertThat(plan.preempts(2)).isFalse();
        byRank.get(2).ranked(2, -1, 2);
        new StepPolicy(8, BLOCK_TOKENS).plan(byRank, 0, plan);
        assertThat(plan.preempts(1)).as("priority comes before cost").isFalse();
        assertThat(plan.preempts(2)).isTrue();
    }

    /** Two that share all their blocks promise nothing one by one, yet hold what the first needs: it must not wait. */
    @Test
    void theFirstDrivesOutEvenThoseThatPromiseNoBlocks() {
        final StepPlan plan = new StepPlan();
        final List<FakeSequence> byRank = List.of(new FakeSequence(8, 1, 2).ranked(0),
            new FakeSequence(8, 1, 2).ranked(1), new FakeSequence(8, 1, 2).ranked(2));
        byRank.get(1).sharesAll = true;
        byRank.get(2).sharesAll = true;
        new StepPolicy(8, BLOCK_TOKENS).plan(byRank, 0, plan);
        assertThat(plan.keptCount()).isEqualTo(1);
    }

    @Test
    void aSequenceBeginsWhereAllWorkingSetsFit() {
        final StepPolicy policy = new StepPolicy(8, BLOCK_TOKENS);
        final FakeSequence running = new FakeSequence(4, 8, 1).ranked(0); // two more blocks for what it knows
        final FakeSequence next = new FakeSequence(0, 12, 0).ranked(1);
        assertThat(policy.admits(List.of(running), 4, next, 5)).isZero();
        assertThat(policy.admits(List.of(running), 4, next, 4)).isEqualTo(StepPolicy.NONE);
        assertThat(policy.admits(List.of(running), 1, next, 50)).as("no place").isEqualTo(StepPolicy.NONE);
        assertThat(policy.admits(List.of(), 4, next, 0)).as("alone").isZero();
        running.expectedMore = 4; // and one for its output
        assertThat(policy.admits(List.of(running), 4, next, 5)).isEqualTo(StepPolicy.NONE);
        next.expectedMore = 1;
        assertThat(policy.admits(List.of(running), 4, next, 7)).isZero();
    }

    @Test
    void lowerPrioritiesMakeWayIfThatIsEnough() {
        final StepPolicy policy = new StepPolicy(8, BLOCK_TOKENS);
        final FakeSequence next = new FakeSequence(0, 12, 0).ranked(0, 5, 9);
        final List<FakeSequence> active = List.of(new FakeSequence(8, 1, 3).ranked(1, 5, 1),
            new FakeSequence(8, 1, 3).ranked(2, 0, 2), new FakeSequence(8, 1, 3).ranked(3, 1, 3));
        assertThat(policy.admits(active, 8, next, 0)).isEqualTo(1);
        assertThat(policy.admits(active, 2, next, 0)).as("places").isEqualTo(2);
        next.expectedMore = 100;
        assertThat(policy.admits(active, 8, next, 0)).as("in vain").isEqualTo(StepPolicy.NONE);
        assertThat(policy.admits(active, 3, new FakeSequence(0, 4, 0).ranked(9, 5, 9), 9))
            .as("its turn has not come").isEqualTo(StepPolicy.NONE);
    }
}
