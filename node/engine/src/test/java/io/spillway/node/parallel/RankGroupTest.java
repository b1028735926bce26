package io.spillway.node.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.node.compute.Tensor;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks of one process: sums in a fixed order, and nobody waits for one that failed. */
@Timeout(30)
class RankGroupTest {
    /** Numbers of such different sizes that any other order of a sum would show. */
    private static float[] numbers(final Random random, final int count) {
        final float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (random.nextFloat() - 0.5f) * (float) Math.pow(2, random.nextInt(40) - 20);
        }
        return x;
    }

    @Property(tries = 60)
    void aSumIsInTheOrderOfRanksAndTheSameForAll(@ForAll @IntRange(min = 1, max = 5) final int ranks, @ForAll @IntRange(min = 1, max = 70) final int width,
        @ForAll @IntRange(min = 1, max = 9) final int rows, @ForAll final long seed) {
        final Random random = new Random(seed);
        final Tensor[] x = new Tensor[ranks];
        final float[] expected = new float[rows * width];
        final float[][] behind = new float[ranks][];
        for (int rank = 0; rank < ranks; rank++) {
            x[rank] = new Tensor(numbers(random, (rows + 2) * width), width); // two rows that nobody asked to be summed
            behind[rank] = Arrays.copyOfRange(x[rank].values(), rows * width, (rows + 2) * width);
            for (int i = 0; i < expected.length; i++) {
                expected[i] = rank == 0 ? x[rank].values()[i] : expected[i] + x[rank].values()[i];
            }
        }
        try (RankGroup group = new RankGroup(ranks)) {
            group.run(rank -> group.collective(rank).sum(x[rank], rows));
        }
        for (int rank = 0; rank < ranks; rank++) {
            assertThat(Arrays.copyOf(x[rank].values(), rows * width)).containsExactly(expected);
            assertThat(Arrays.copyOfRange(x[rank].values(), rows * width, (rows + 2) * width)).containsExactly(behind[rank]);
        }
    }

    @Property(tries = 30)
    void gatheredColumnsStandBesideEachOther(@ForAll @IntRange(min = 1, max = 4) final int ranks, @ForAll @IntRange(min = 1, max = 5) final int rows,
        @ForAll final long seed) {
        final Random random = new Random(seed);
        final int[] first = new int[ranks + 1];
        for (int rank = 0; rank < ranks; rank++) {
            first[rank + 1] = first[rank] + 1 + random.nextInt(9);
        }
        final Tensor whole = Tensor.ofRows(rows, first[ranks]);
        try (RankGroup group = new RankGroup(ranks)) {
            group.run(rank -> {
                final Tensor part = Tensor.ofRows(rows, first[rank + 1] - first[rank]);
                for (int row = 0; row < rows; row++) {
                    for (int column = 0; column < part.width(); column++) {
                        part.values()[row * part.width() + column] = row * 1000 + first[rank] + column;
                    }
                }
                group.collective(rank).gather(part, rows, first[rank], rank == 0 ? whole : null);
            });
        }
        for (int i = 0; i < whole.values().length; i++) {
            assertThat(whole.values()[i]).isEqualTo(i / whole.width() * 1000 + i % whole.width());
        }
    }

    /** Many steps of many sums: a meeting that let somebody through early would give another number. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void oneStepAfterTheOther(final int ranks) {
        final Tensor[] x = new Tensor[ranks];
        Arrays.setAll(x, rank -> new Tensor(new float[33], 33));
        try (RankGroup group = new RankGroup(ranks)) {
            for (int step = 0; step < 100; step++) {
                for (int rank = 0; rank < ranks; rank++) {
                    Arrays.fill(x[rank].values(), rank + 1);
                }
                group.run(rank -> {
                    for (int i = 0; i < 5; i++) {
                        group.collective(rank).sum(x[rank], 1);
                        for (int c = 0; c < 33; c++) {
                            x[rank].values()[c] /= ranks;
                        }
                        group.collective(rank).meet();
                    }
                });
                for (final Tensor each : x) {
                    assertThat(each.values()).containsOnly(ranks * (ranks + 1) / 2f / ranks);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 0", "2, 1", "3, 0", "3, 2", "4, 1"})
    void aFailedRankReleasesTheOthersAndTheNextStepIsSound(final int ranks, final int failing) {
        final AtomicInteger released = new AtomicInteger();
        try (RankGroup group = new RankGroup(ranks)) {
            for (int round = 0; round < 20; round++) {
                final int sums = round % 4; // before it fails
                assertThatThrownBy(() -> group.run(rank -> fails(group, rank, failing, sums, released))).isInstanceOf(ArithmeticException.class)
                    .hasMessage("rank " + failing);
                final Tensor[] x = new Tensor[ranks];
                Arrays.setAll(x, rank -> new Tensor(new float[] {1}, 1));
                group.run(rank -> group.collective(rank).sum(x[rank], 1));
                assertThat(x[0].values()[0]).isEqualTo(ranks);
            }
            assertThat(released).as("all others, each time").hasValue(20 * (ranks - 1));
        }
    }

    private static void fails(final RankGroup group, final int rank, final int failing, final int sums, final AtomicInteger released) {
        final Tensor x = new Tensor(new float[5], 5);
        try {
            for (int i = 0; i < 5; i++) {
                if (rank == failing && i == sums) {
                    throw new ArithmeticException("rank " + rank);
                }
                group.collective(rank).sum(x, 1);
            }
        } catch (final PeerFailedException e) {
            assertThat(e.getCause()).hasMessage("rank " + failing);
            released.incrementAndGet();
            throw e;
        }
    }

    @Test
    void errorsArePassedOnAndAnInterruptIsKept() {
        try (RankGroup group = new RankGroup(2)) {
            assertThatThrownBy(() -> group.run(rank -> {
                if (rank == 1) {
                    throw new AssertionError("not a runtime exception");
                }
            })).isInstanceOf(AssertionError.class);
            Thread.currentThread().interrupt();
            group.run(rank -> group.collective(rank).meet());
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void endsItsThreadsAndTakesNoStepAfterwards() {
        final Thread[] of = new Thread[2];
        final RankGroup group = new RankGroup(2);
        group.run(rank -> of[rank] = Thread.currentThread());
        assertThat(of[0]).isSameAs(Thread.currentThread());
        group.close();
        group.close();
        assertThat(of[1].isAlive()).isFalse();
        assertThatThrownBy(() -> group.run(rank -> { })).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new RankGroup(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
