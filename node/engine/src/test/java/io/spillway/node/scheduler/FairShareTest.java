package io.spillway.node.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class FairShareTest {
    private final FairShare<String> fairShare = new FairShare<>();

    private FairTicket<String> arrive(final String tenant, final String run, final int priority, final long cost) {
        return fairShare.arrive(new TenantId(tenant), Optional.of(new RunId(run)), priority, cost, tenant + "." + run);
    }

    /** Begins the next. @return what it is */
    private String next() {
        final FairTicket<String> first = fairShare.first();
        fairShare.begin(first);
        return first.item();
    }

    private List<String> next(final int count) {
        final List<String> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(next());
        }
        return all;
    }

    @Test
    void equalsGoByArrival() {
        assertThat(fairShare.first()).isNull();
        arrive("t", "a", 0, 100);
        arrive("u", "a", 0, 100);
        arrive("t", "b", 0, 100);
        assertThat(next(3)).containsExactly("t.a", "u.a", "t.b");
        assertThat(fairShare.first()).isNull();
    }

    @Test
    void runsTakeTurns() {
        for (int i = 0; i < 50; i++) {
            arrive("t", "many", 0, 100);
        }
        arrive("t", "few", 0, 100);
        arrive("t", "few", 0, 100);
        assertThat(next(6)).containsExactly("t.many", "t.few", "t.many", "t.few", "t.many", "t.many");
    }

    @Test
    void tenantsTakeTurnsHoweverManyRunsTheyHave() {
        for (int run = 0; run < 10; run++) {
            arrive("crowd", "r" + run, 0, 100);
        }
        arrive("loner", "r", 0, 100);
        arrive("loner", "r", 0, 100);
        assertThat(next(5)).containsExactly("crowd.r0", "loner.r", "crowd.r1", "loner.r", "crowd.r2");
    }

    @Test
    void whatCostsTwiceComesHalfAsOften() {
        for (int i = 0; i < 6; i++) {
            arrive("t", "dear", 0, 200);
            arrive("t", "cheap", 0, 100);
        }
        assertThat(next(6)).filteredOn("t.cheap"::equals).hasSize(4);
    }

    @Test
    void whatItCostInTruthCounts() {
        final FairTicket<String> cheap = arrive("t", "a", 0, 1000);
        final FairTicket<String> dear = arrive("t", "b", 0, 1000);
        next(2);
        arrive("t", "b", 0, 10);
        arrive("t", "a", 0, 10);
        fairShare.served(cheap, 10);
        fairShare.served(dear, 3000);
        fairShare.end(cheap);
        fairShare.end(dear);
        assertThat(next(2)).containsExactly("t.a", "t.b");
    }

    @Test
    void whoWasIdleHasSavedNothing() {
        final FairTicket<String> busy = arrive("t", "busy", 0, 100_000);
        next();
        fairShare.served(busy, 100_000);
        for (int i = 0; i < 4; i++) {
            arrive("t", "busy", 0, 100);
            arrive("t", "late", 0, 100);
        }
        assertThat(next(4)).as("they take turns").containsExactly("t.busy", "t.late", "t.busy", "t.late");
    }

    @Test
    void priorityIsWorthALevelOfWaiting() {
        arrive("t", "a", 0, 10);
        arrive("t", "b", 1, 10);
        arrive("t", "c", -1, 10);
        arrive("u", "d", 2, 10);
        assertThat(next(4)).containsExactly("u.d", "t.b", "t.a", "t.c");
    }

    @Test
    void priorityCountsWithinARun() {
        final FairTicket<String> running = fairShare.arrive(new TenantId("t"), Optional.empty(), 0, 10, "running");
        next();
        fairShare.arrive(new TenantId("t"), Optional.empty(), 0, 10, "usual");
        fairShare.arrive(new TenantId("t"), Optional.empty(), 1, 10, "urgent");
        assertThat(fairShare.first().item()).isEqualTo("urgent");
        fairShare.served(running, FairShare.LEVEL_TOKENS + 1);
        fairShare.end(fairShare.first());
        fairShare.arrive(new TenantId("t"), Optional.empty(), 1, 10, "urgent, late");
        assertThat(fairShare.first().item()).as("it has waited for more than a level").isEqualTo("usual");
    }

    /** However many come, from however many runs, of whatever priority: who waits is passed for a bounded time only. */
    @Property(tries = 50)
    void nobodyIsPassedForEver(@ForAll final long seed) {
        final Random random = new Random(seed);
        final int levels = random.nextInt(4);
        final int tenants = 1 + random.nextInt(3);
        final String own = "t" + random.nextInt(tenants);
        final FairTicket<String> waiting = arrive(own, "own", -levels, 100);
        // Each tenant may run ahead by what its levels are worth, and by some requests on top.
        final long bound = ((1L + levels) * FairShare.LEVEL_TOKENS + 4_000) * (tenants + 1);
        long served = 0;
        for (int i = 0; fairShare.first() != waiting || i == 0; i++) {
            final FairTicket<String> passing =
                arrive("t" + random.nextInt(tenants), "r" + i, random.nextInt(levels + 1) == 0 ? 0 : -levels, 50);
            if (fairShare.first() == waiting) {
                break;
            }
            final FairTicket<String> first = fairShare.first();
            fairShare.begin(first);
            fairShare.served(first, 50);
            fairShare.end(first);
            served += 50;
            assertThat(served).isLessThan(bound);
            assertThat(passing).isNotNull();
        }
    }

    @Test
    void runsAreForgottenAndNumbersUsedAgain() {
        final FairTicket<String> stays = arrive("t", "stays", 0, 1);
        for (int i = 0; i < 20_000; i++) {
            final FairTicket<String> ticket = arrive("t", "r" + i, 5, 10);
            assertThat(fairShare.begin(ticket).flow()).isEqualTo(1);
            fairShare.served(ticket, 10);
            fairShare.end(ticket);
            assertThat(fairShare.runCount()).isLessThan(5000);
        }
        fairShare.end(stays);
        assertThat(fairShare.runCount()).isZero();
    }

    /** The same arrivals give the same order. */
    @Property(tries = 30)
    void theOrderIsAFunctionOfWhatHappened(@ForAll final long seed) {
        assertThat(order(seed)).isEqualTo(order(seed));
    }

    private static List<Rank> order(final long seed) {
        final Random random = new Random(seed);
        final FairShare<Integer> share = new FairShare<>();
        final List<FairTicket<Integer>> live = new ArrayList<>();
        final List<Rank> ranks = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            share.arrive(new TenantId("t" + random.nextInt(3)), Optional.of(new RunId("r" + random.nextInt(4))),
                random.nextInt(3), 1 + random.nextInt(100), i);
            if (random.nextBoolean()) {
                live.add(share.first());
                ranks.add(share.begin(share.first()));
            }
            if (!live.isEmpty()) {
                share.served(live.get(random.nextInt(live.size())), random.nextInt(100));
            }
            if (live.size() > 3) {
                share.end(live.remove(random.nextInt(live.size())));
            }
        }
        return ranks;
    }
}
