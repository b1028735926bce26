package io.spillway.node.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Ranks, admission and plans played out together on a device that is too small for all, under loads of every kind. */
class SchedulingSimulationTest {
    private static final int BLOCK_TOKENS = 4;

    /** A request with everything that is decided about it. */
    private static final class Job {
        private final String run;
        private final FakeSequence sequence;
        private FairTicket<Job> ticket;
        private final int prompt;
        private final int output;
        private int outputDone;
        private Job(final String run, final int prompt, final int output) {
            this.run = run;
            this.prompt = prompt;
            this.output = output;
            sequence = new FakeSequence(0, prompt, 0);
        }
    }

    /** The engine's cycle without an engine. */
    private static final class Device {
        private final StepPolicy policy;
        private final FairShare<Job> fairShare = new FairShare<>();
        private final OutputForecast forecast = new OutputForecast();
        private final TreeSet<Job> sentBack = new TreeSet<>(Comparator.comparing(job -> job.sequence.rank));
        private final List<Job> active = new ArrayList<>();
        private final StepPlan plan = new StepPlan();
        private final Map<String, Long> servedByRun = new HashMap<>();
        private final int blocks;
        private final int activeMax;
        private long tokens;
        private int preemptions;
        private int ended;
        private int waiting;

        private Device(final int blocks, final int stepTokens, final int activeMax) {
            this.blocks = blocks;
            this.activeMax = activeMax;
            policy = new StepPolicy(stepTokens, BLOCK_TOKENS);
        }

        private Job submit(final String tenant, final String run, final int priority, final int prompt, final int output) {
            final long cost = prompt + forecast.moreTokens(0, output);
            final Job job = new Job(run, prompt, output);
            job.ticket = fairShare.arrive(new TenantId(tenant), Optional.of(new RunId(run)), priority, cost, job);
            waiting++;
            return job;
        }

        private List<FakeSequence> sequences() {
            return active.stream().map(job -> job.sequence).toList();
        }

        private int free() {
            final int free = blocks - active.stream().mapToInt(job -> job.sequence.held).sum();
            assertThat(free).as("more blocks are held than there are").isNotNegative();
            return free;
        }

        private void cycle() {
            active.forEach(this::expect);
            while (admit()) {
                active.sort(Comparator.comparing(job -> job.sequence.rank));
            }
            policy.plan(sequences(), free(), plan);
            assertThat(plan.totalTokens()).isLessThanOrEqualTo(policy.stepTokensMax());
            if (!active.isEmpty()) {
                assertThat(plan.tokens(0)).as("the first in rank gets on").isPositive();
            }
            for (int i = active.size() - 1; i >= 0; i--) {
                if (plan.preempts(i)) {
                    sendBack(active.remove(i));
                }
            }
            plan.dropPreempted();
            tokens += plan.totalTokens();
            for (int i = active.size() - 1; i >= 0; i--) {
                compute(active.get(i), plan.tokens(i));
            }
            free();
        }

        private boolean admit() {
            final Job next = next();
            if (next == null) {
                return false;
            }
            expect(next);
            final int leaving = policy.admits(sequences(), activeMax, next.sequence, free());
            if (leaving == StepPolicy.NONE) {
                return false;
            }
            for (int i = 0; i < leaving; i++) {
                final Job left = active.removeLast();
                assertThat(left.sequence.rank.priority()).isLessThan(next.sequence.rank.priority());
                sendBack(left);
            }
            if (!sentBack.remove(next)) {
                next.sequence.rank = fairShare.begin(next.ticket);
                waiting--;
            }
            active.add(next);
            assertThat(active).hasSizeLessThanOrEqualTo(activeMax);
            return true;
        }

        private Job next() {
            final FairTicket<Job> first = fairShare.first();
            if (first == null || !sentBack.isEmpty()
                && sentBack.first().sequence.rank.compareTo(fairShare.rank(first)) < 0) {
                return sentBack.isEmpty() ? null : sentBack.first();
            }
            first.item().sequence.rank = fairShare.rank(first);
            return first.item();
        }

        private void expect(final Job job) {
            job.sequence.expectedMore = forecast.moreTokens(job.outputDone, job.output - job.outputDone);
        }

        private void sendBack(final Job job) {
            job.sequence.pending += job.sequence.computed;
            job.sequence.computed = 0;
            job.sequence.held = 0;
            sentBack.add(job);
            preemptions++;
        }

        private void compute(final Job job, final int count) {
            final FakeSequence sequence = job.sequence;
            sequence.computed += count;
            sequence.pending -= count;
            sequence.held = Math.max(sequence.held, Math.ceilDiv(sequence.computed, BLOCK_TOKENS));
            fairShare.served(job.ticket, count);
            servedByRun.merge(job.run, (long) count, Long::sum);
            if (sequence.pending == 0) {
                job.outputDone++;
                sequence.pending = 1;
            }
            if (job.outputDone == job.output) {
                active.remove(job);
                fairShare.end(job.ticket);
                forecast.ended(job.output);
                assertThat(sequence.computed).isEqualTo(job.prompt + job.output - 1);
                ended++;
            }
        }
    }

    @Property(tries = 150)
    void everySequenceEndsWhateverTheLoadIs(@ForAll final long seed) {
        final Random random = new Random(seed);
        final int activeMax = 1 + random.nextInt(6);
        final Device device = new Device(10 + random.nextInt(20), activeMax + random.nextInt(16), activeMax);
        final int jobs = 5 + random.nextInt(25);
        int submitted = 0;
        for (int cycle = 0; device.ended < jobs; cycle++) {
            assertThat(cycle).as("a request never ends").isLessThan(5_000);
            while (submitted < jobs && random.nextInt(3) == 0) {
                // 39 positions at most: 10 blocks, so each fits alone.
                device.submit("t" + random.nextInt(2), "r" + random.nextInt(5), random.nextInt(3) - 1,
                    1 + random.nextInt(20), 1 + random.nextInt(20));
                submitted++;
            }
            device.cycle();
        }
        assertThat(device.free()).as("blocks leaked").isEqualTo(device.blocks);
    }

    /** Fifty requests at once against one after the other: over any stretch of time both get about the same. */
    @Property(tries = 25)
    void aRunWithManyRequestsDoesNotStarveOneWithFew(@ForAll final long seed) {
        final Random random = new Random(seed);
        final Device device = new Device(400, 16, 4);
        final int costMax = 60;
        for (int i = 0; i < 50; i++) {
            device.submit("t", "many", 0, 20 + random.nextInt(20), 10 + random.nextInt(10));
        }
        // The other keeps as many as there are places in the line, or it would not want half.
        final List<Job> few = new ArrayList<>();
        for (int cycle = 0; device.waiting > 4; cycle++) {
            few.removeIf(job -> job.outputDone == job.output);
            while (few.size() < 4) {
                few.add(device.submit("t", "few", 0, 20 + random.nextInt(20), 10 + random.nextInt(10)));
            }
            device.cycle();
            final long many = device.servedByRun.getOrDefault("many", 0L);
            final long other = device.servedByRun.getOrDefault("few", 0L);
            assertThat(Math.abs(many - other)).as("after %s cycles", cycle).isLessThanOrEqualTo(2L * 5 * costMax);
        }
        assertThat(device.tokens).as("long enough to tell").isGreaterThan(3_000);
    }

    /** Under a flood of higher priority from ever new runs, one of the lowest ends all the same. */
    @Test
    void aFloodOfHigherPriorityEndsForEverybody() {
        final Device device = new Device(60, 16, 3);
        final Job humble = device.submit("t", "humble", -1, 30, 10);
        long tokensWhenDone = 0;
        for (int i = 0; humble.outputDone < humble.output; i++) {
            assertThat(i).isLessThan(30_000);
            while (device.waiting < 5) {
                device.submit("t", "flood" + i + "-" + device.waiting, 1, 10, 10);
            }
            device.cycle();
            tokensWhenDone = device.tokens;
        }
        // Two levels of priority, for each of at most nine runs that share the time, and what was on the device.
        assertThat(tokensWhenDone).isBetween((long) FairShare.LEVEL_TOKENS, 2L * 9 * FairShare.LEVEL_TOKENS + 500);
    }

    @Test
    void aHigherPriorityTakesAPlaceAtOnce() {
        final Device device = new Device(60, 16, 2);
        final Job first = device.submit("t", "a", 0, 8, 50);
        device.submit("t", "b", 0, 8, 50);
        device.cycle();
        final Job urgent = device.submit("t", "c", 2, 8, 5);
        for (int i = 0; i < 6; i++) {
            device.cycle();
        }
        assertThat(urgent.outputDone).isEqualTo(5);
        assertThat(device.preemptions).isEqualTo(1);
        assertThat(first.outputDone).as("the better of the others goes on").isGreaterThan(5);
    }

    /** With outputs as long as expected, those that are admitted do not drive each other out. */
    @Test
    void workingSetsAreAdmittedNotPrompts() {
        final Device device = new Device(40, 64, 16);
        for (int i = 0; i < 60; i++) {
            device.submit("t", "r", 0, 4, 60);
        }
        while (device.ended < 60) {
            device.cycle();
        }
        // By prompts alone, sixteen would begin, of which two fit.
        assertThat(device.preemptions).isLessThan(5);
    }
}
