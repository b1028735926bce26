package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.request.SamplingParams;
import io.spillway.node.kvcache.BlockMemory;
import io.spillway.node.runner.HiddenPool;
import io.spillway.node.runner.HostStepRunner;
import io.spillway.node.runner.ModelDevice;
import io.spillway.node.runner.StepOutcomes;
import io.spillway.node.runner.StepRunner;
import io.spillway.node.runner.StepSequence;
import io.spillway.node.sampling.TokenConstraint;
import io.spillway.node.sampling.TokenHistory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A device that computes as late as it may: a step runs when it is awaited, over what memory holds by then, with what it was given when it was
 * submitted. A block that is released too early has been taken by somebody else in the meantime, and either side's output shows it.
 */
final class LateDevice implements ModelDevice {
    private final FakeModel model;
    private final KvLayout layout;
    private final MemorySegment slab;
    final LateMemory memory;
    private final ArrayDeque<Step> underWay = new ArrayDeque<>();
    long aheadRows;
    long droppedRows;
    long awaitedSteps;

    /** @param random null: nothing fails, and transfers take no time */
    LateDevice(final FakeModel model, final KvLayout layout, final MemorySegment slab, final Random random) {
        memory = new LateMemory(slab, layout.blockBytes(), random);
        this.model = model;
        this.layout = layout;
        this.slab = slab;
    }

    @Override
    public int vocabularySize() {
        return FakeModel.VOCABULARY;
    }

    @Override
    public int contextTokens() {
        return model.contextTokens();
    }

    @Override
    public int hiddenSize() {
        return FakeModel.HIDDEN;
    }

    @Override
    public BlockMemory memory() {
        return memory;
    }

    @Override
    public StepRunner newRunner(final StepRunner.Limits limits) {
        return new Runner(new HostStepRunner(model, layout, slab, limits));
    }

    @Override
    public String toString() {
        return aheadRows + " rows ahead, " + droppedRows + " dropped, " + awaitedSteps + " steps";
    }

    /** @return device blocks that steps under way write to */
    int[] blocksToBeWritten() {
        return underWay.stream().flatMap(step -> step.rows.stream()).flatMapToInt(rows -> IntStream.range(rows.from, rows.from + rows.count())
            .map(position -> rows.table[position / layout.blockTokens()])).toArray();
    }

    /** What a step was given of one sequence. */
    private static final class Rows implements StepSequence {
        private final StepSequence sequence;
        private final int[] tokens;      // [count], those of guesses not counted; null: a row ahead
        private final int[] guess;
        private final int from;
        private final int[] table;
        private final int knownTokens;
        private final int outputPosition;
        private final int previousIndex; // of a row ahead
        private int deviceToken;         // of a row ahead
        private boolean dropped;

        private Rows(final StepSequence sequence, final int[] tokens, final int[] guess, final int previousIndex) {
            this.sequence = sequence;
            this.tokens = tokens;
            this.guess = guess;
            this.previousIndex = previousIndex;
            from = sequence.computedTokens();
            table = sequence.blockTable().clone();
            knownTokens = sequence.knownTokens() + (tokens == null ? 1 : 0);
            outputPosition = sequence.outputPosition() + (tokens == null ? 1 : 0);
        }

        private int count() {
            return (tokens == null ? 1 : tokens.length) + guess.length;
        }

        @Override
        public int token(final int position) {
            return tokens == null ? deviceToken : tokens[position - from];
        }

        @Override
        public int knownTokens() {
            return knownTokens;
        }

        @Override
        public int computedTokens() {
            return from;
        }

        @Override
        public int[] blockTable() {
            return table;
        }

        @Override
        public SamplingParams sampling() {
            return sequence.sampling();
        }

        @Override
        public TokenHistory history() {
            return sequence.history();
        }

        @Override
        public int outputPosition() {
            assertThat(sequence.outputPosition()).isGreaterThanOrEqualTo(outputPosition);
            return sequence.outputPosition();
        }

        @Override
        public TokenConstraint constraint() {
            return sequence.constraint();
        }

        @Override
        public boolean take(final int token) {
            return sequence.take(token);
        }

        @Override
        public HiddenPool pool() {
            return sequence.pool();
        }
    }

    private static final class Step {
        private final List<Rows> rows = new ArrayList<>();
    }

    private final class Runner implements StepRunner {
        private final HostStepRunner device;
        private Step building = new Step();
        private int[] chosenBefore = {}; // by the step awaited last

        private Runner(final HostStepRunner device) {
            this.device = device;
        }

        @Override
        public void begin() {
            building = new Step();
        }

        @Override
        public void add(final StepSequence sequence, final int tokenCount, final int[] guess, final int guessCount) {
            final int from = sequence.computedTokens();
            building.rows.add(new Rows(sequence, IntStream.range(from, from + tokenCount).map(sequence::token).toArray(),
                Arrays.copyOf(guess, guessCount), -1));
        }

        @Override
        public void addAhead(final StepSequence sequence, final int previousIndex) {
            assertThat(underWay).hasSize(1);
            assertThat(underWay.peek().rows.get(previousIndex).sequence).isSameAs(sequence);
            assertThat(canRunAhead(sequence)).isTrue();
            assertThat(sequence.constraint()).isNull();
            assertThat(sequence.computedTokens()).isEqualTo(sequence.knownTokens());
            building.rows.add(new Rows(sequence, null, new int[0], previousIndex));
            aheadRows++;
        }

        @Override
        public void submit() {
            assertThat(underWay).hasSizeLessThan(2);
            assertThat(building.rows).isNotEmpty();
            underWay.addLast(building);
            memory.stepSubmitted();
            building = null;
        }

        @Override
        public void drop(final int index) {
            underWay.getFirst().rows.get(index).dropped = true;
            droppedRows++;
        }

        @Override
        public StepOutcomes await() {
            awaitedSteps++;
            final Step step = underWay.removeFirst();
            memory.runUpToStep();
            final int[] before = chosenBefore;
            chosenBefore = new int[step.rows.size()];
            device.begin();
            for (int i = 0; i < step.rows.size(); i++) {
                final Rows rows = step.rows.get(i);
                rows.deviceToken = rows.tokens == null ? before[rows.previousIndex] : 0;
                device.add(rows, rows.count() - rows.guess.length, rows.guess, rows.guess.length);
                if (rows.dropped) {
                    device.drop(i);
                }
            }
            device.submit();
            final StepOutcomes outcomes = device.await();
            for (int i = 0; i < step.rows.size(); i++) {
                chosenBefore[i] = outcomes.chosenCount(i) > 0 ? outcomes.chosen(i, 0) : 0;
            }
            return outcomes;
        }

        @Override
        public boolean canRunAhead() {
            return true;
        }

        @Override
        public boolean canRunAhead(final StepSequence sequence) {
            return sequence.sampling().repetitionPenalty() == 1f;
        }
    }
}
