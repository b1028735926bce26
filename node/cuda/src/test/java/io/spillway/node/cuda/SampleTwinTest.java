package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.request.SamplingParams;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Choices on the device against the sampler's, over several steps that the device goes on by itself: the same tokens, ties, failures and all. */
class SampleTwinTest {
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void anyParameters(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 3) final int rows, @ForAll @IntRange(min = 1, max = 1500) final int size) {
        final Random random = new Random(seed);
        new SamplingCase(random, rows, random.nextInt(3) == 0 ? 1 + size / 30 : size, 2).check(shim);
    }

    /** Whole numbers everywhere: a cut runs through equal levels, and through equal distances from both sides. */
    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
    void ties(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 900) final int size) {
        new SamplingCase(new Random(seed), 2, size, 1).ofWholeNumbers().check(shim);
    }

    /** More than a cut can list, many blocks, large top-k. */
    @Property(tries = 12, edgeCases = EdgeCasesMode.NONE)
    void largeVocabularies(@ForAll final long seed, @ForAll @IntRange(min = 5000, max = 14_000) final int size) {
        new SamplingCase(new Random(seed), 2, size, 1).check(shim);
    }

    @Example
    void theLargestVocabulary() {
        for (int seed = 0; seed < 2; seed++) {
            new SamplingCase(new Random(seed), 1, SamplingMemory.VOCABULARY_MAX, 1).check(shim);
        }
        assertThatThrownBy(() -> SamplingMemory.at(0, 1, 1, SamplingMemory.VOCABULARY_MAX + 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Example
    void rowsThatLackMemoryAreRefused() {
        final SamplingParams penalised = new SamplingParams(1f, 0, 1f, 0f, 1f, 0f, 1f, Map.of(), 0, -1);
        final SamplingParams biased = new SamplingParams(1f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(1, 1f), 0, -1);
        assertThatThrownBy(() -> new SamplingRow(penalised, 0, SamplingRow.Places.NONE)).hasMessageContaining("slot");
        assertThatThrownBy(() -> new SamplingRow(biased, 0, SamplingRow.Places.NONE)).hasMessageContaining("scratch");
        assertThat(SamplingRow.needsScratch(new SamplingParams(1f, 2000, 1f, 0f, 0f, 0f, 1f, Map.of(), 0, -1), false, 2001)).isTrue();
        assertThat(SamplingRow.needsScratch(new SamplingParams(1f, 2000, 1f, 0f, 0f, 0f, 1f, Map.of(), 0, -1), false, 2000)).isFalse();
    }
}
