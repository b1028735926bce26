package io.spillway.coordinator.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.state.ClusterState;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.domain.id.BatchId;
import io.spillway.domain.id.FileId;
import io.spillway.domain.id.TenantId;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * Any interleaving of workers that claim, write, account, crash and linger: every line ends accounted for exactly once, is charged
 * exactly once, and its result is where it is said to be.
 */
class BatchAccountingTest {
    private static final TenantId TENANT = new TenantId("acme");
    private static final BatchId ID = new BatchId("batch_1");
    private static final int LINES = 12;

    private static final class Worker {
        private final long epoch;
        private final BitSet done;
        private int recorded;

        private Worker(final long epoch, final BitSet done) {
            this.epoch = epoch;
            this.done = done;
        }
    }

    @Property(tries = 1500, edgeCases = EdgeCasesMode.NONE)
    void everyLineIsAccountedForExactlyOnce(@ForAll final long seed, @ForAll @IntRange(max = 200) final int steps) {
        new World().run(new Random(seed), steps);
    }

    /** One history. */
    private static final class World {
        private final ClusterState state = new ClusterState();
        /** Lines of each claim's segment, as the disk has them. */
        private final Map<Long, List<Integer>> disk = new HashMap<>();
        private final List<Worker> workers = new ArrayList<>();
        private int commands;
        private long nowMillis = 1_000;

        private CommandResult apply(final Command command) {
            return state.apply("c" + commands++, command, nowMillis);
        }

        private CommandResult apply(final BatchChange change, final int charged) {
            final List<Command.UsageEntry> charges = new ArrayList<>();
            for (int i = 0; i < charged; i++) {
                charges.add(new Command.UsageEntry(TENANT, ID.value(), "m", 3, 1, 2, 7));
            }
            return apply(new Command.ChangeBatch(change, charges));
        }

        private BatchJob job() {
            return state.view().batches().get(ID);
        }

        private void create() {
            apply(new Command.CreateTenant(TENANT, new byte[32]));
            assertThat(apply(new BatchChange.Create(ID, new BatchOrder(TENANT, new FileId("file-1"), "/v1/chat/completions",
                100_000, new TreeMap<>(), OptionalLong.empty())), 0)).isInstanceOf(CommandResult.Done.class);
        }

        /** As a new leader does: what counts is done, what is on the disk beyond that is written again under the new claim. */
        private void claim() {
            if (!(apply(new BatchChange.Claim(ID, "w" + commands), 0) instanceof CommandResult.Done)) {
                return;
            }
            final BatchJob job = job();
            final BitSet done = new BitSet();
            final List<Integer> beyond = new ArrayList<>();
            for (long epoch = 1; epoch < job.work().epoch(); epoch++) {
                final List<Integer> lines = disk.getOrDefault(epoch, List.of());
                for (int i = 0; i < lines.size(); i++) {
                    if (i < job.work().accounted(epoch)) {
                        done.set(lines.get(i));
                    } else {
                        beyond.add(lines.get(i));
                    }
                }
            }
            final Worker worker = new Worker(job.work().epoch(), done);
            workers.add(worker);
            if (job.status() == BatchStatus.VALIDATING) {
                apply(new BatchChange.Begin(ID, worker.epoch, LINES, "m"), 0);
            } else {
                beyond.stream().distinct().filter(line -> !done.get(line)).forEach(line -> write(worker, line));
            }
        }

        private void write(final Worker worker, final int line) {
            final List<Integer> segment = disk.computeIfAbsent(worker.epoch, none -> new ArrayList<>());
            if (!worker.done.get(line) && !segment.subList(Math.min(worker.recorded, segment.size()), segment.size()).contains(line)) {
                segment.add(line);
            }
        }

        private void account(final Worker worker, final int most) {
            final List<Integer> segment = disk.getOrDefault(worker.epoch, List.of());
            final int count = Math.min(most, segment.size() - worker.recorded);
            if (count > 0 && apply(new BatchChange.Account(ID, worker.epoch, worker.recorded, new BatchTally(count, 0, 3L * count,
                count, 2L * count, 0)), count) instanceof CommandResult.Done) {
                segment.subList(worker.recorded, worker.recorded + count).forEach(worker.done::set);
                worker.recorded += count;
            }
        }

        /** The end of what was not accounted for may be torn. */
        private void crash(final Worker worker, final Random random) {
            workers.remove(worker);
            final List<Integer> segment = disk.getOrDefault(worker.epoch, new ArrayList<>());
            final int accounted = job().work().accounted(worker.epoch);
            while (segment.size() > accounted && random.nextBoolean()) {
                segment.removeLast();
            }
        }

        private void end(final Worker worker) {
            if (job().status() != BatchStatus.CANCELLING) {
                apply(new BatchChange.Close(ID, worker.epoch), 0);
            }
            final BatchStatus end = job().status() == BatchStatus.CANCELLING ? BatchStatus.CANCELLED : BatchStatus.COMPLETED;
            apply(new BatchChange.Finish(ID, worker.epoch, end, BatchFiles.NONE), 0);
        }

        private void step(final Random random) {
            if (workers.isEmpty() || random.nextInt(12) == 0) {
                claim();
                return;
            }
            final Worker worker = workers.get(random.nextInt(workers.size()));
            switch (random.nextInt(40)) {
                case 0 -> crash(worker, random);
                case 1 -> end(worker);
                case 2 -> apply(new BatchChange.Cancel(ID, TENANT), 0);
                case 3, 4, 5, 6, 7, 8 -> account(worker, 1 + random.nextInt(4));
                default -> write(worker, random.nextInt(LINES));
            }
        }

        private void assertEnded() {
            final BatchJob job = job();
            final List<Integer> counted = new ArrayList<>();
            for (final BatchWork.Segment segment : job.work().segments()) {
                counted.addAll(disk.get(segment.epoch()).subList(0, segment.records()));
            }
            if (job.lines() > 0) {
                assertThat(counted).hasSize(LINES).doesNotHaveDuplicates();
            }
            assertThat(job.tally().completed()).isEqualTo(job.lines());
            assertThat(state.view().usage().getOrDefault(TENANT, io.spillway.coordinator.state.ClusterView.UsageTotals.ZERO)
                .costNanoDollars()).isEqualTo(7L * job.lines());
            final ClusterState restored = new ClusterState(io.spillway.coordinator.state.StateLimits.DEFAULT, state.image());
            assertThat(restored.view()).isEqualTo(state.view());
        }

        private void run(final Random random, final int steps) {
            create();
            for (int step = 0; step < steps && !job().status().ended(); step++) {
                nowMillis += random.nextInt(10);
                step(random);
                final BatchJob job = job();
                assertThat(job.tally().lines()).isEqualTo(job.work().accounted()).isLessThanOrEqualTo(LINES);
            }
            while (!job().status().ended()) {
                claim();
                final Worker last = workers.getLast();
                for (int line = 0; line < LINES; line++) {
                    write(last, line);
                }
                account(last, LINES);
                end(last);
            }
            assertEnded();
        }
    }
}
