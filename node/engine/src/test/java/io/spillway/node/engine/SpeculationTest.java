package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import io.spillway.kvstore.service.NoBlockStore;
import io.spillway.node.speculation.Speculation;
import io.spillway.node.speculation.SpeculationCounts;
import io.spillway.node.speculation.SuffixProposer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What guesses do to an engine: fewer steps, the same output. */
class SpeculationTest {
    private static final SamplingParams WARM = new SamplingParams(0.9f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 11L, 2);

    private static Rig rig(final Guesses guesses) {
        return new Rig(Rig.config(32, 32, 4), new NoBlockStore(), guesses.speculation(), ConstraintSource.NONE);
    }

    @Test
    void aRightGuessSavesSteps() {
        final GenerationRequest request = Rig.request("x", Rig.tokens(10, 1), 31, WARM);
        final Rig.Recorder alone = Rig.alone(request);
        final Guesses guesses = Guesses.ofOracle(7, 0);
        guesses.knows(alone);
        try (Rig rig = rig(guesses)) {
            final Rig.Recorder guessed = rig.submit(request);
            rig.runToEnd(guessed);
            assertThat(guessed.output).isEqualTo(alone.output);
            assertThat(guessed.logprobs).isEqualTo(alone.logprobs);
            final EngineCounters counters = rig.engine.counters();
            assertThat(counters.steps()).as("the prompt with the first token, then eight tokens a step").isEqualTo(1 + 4);
            assertThat(counters.outputTokens()).isEqualTo(31);
            assertThat(counters.speculation().byProposer().getFirst())
                .isEqualTo(new SpeculationCounts.Of("oracle", 4, 26, 26));
            assertThat(counters.stepTotals().guessedRows()).isEqualTo(26);
            assertThat(counters.stepTotals().decodeRows()).isEqualTo(4);
            assertThat(counters.stepTotals().prefillRows()).isEqualTo(10);
        }
    }

    /** The draft model is the model: every draft is right, or its blocks hold something else than the sequence's tokens. */
    @Test
    void aDraftModelKeepsUpWithWhatItDraftsFor() {
        final EngineConfig config = Rig.config(48, 32, 4);
        final Guesses guesses = Guesses.ofDraft(config, 5, 48);
        try (Rig rig = new Rig(config, new NoBlockStore(), guesses.speculation(), ConstraintSource.NONE)) {
            for (int round = 0; round < 3; round++) {
                final Rig.Recorder[] all = new Rig.Recorder[4];
                for (int i = 0; i < all.length; i++) {
                    all[i] = rig.submit(Rig.request("r" + round + i, Rig.tokens(9 + 3 * i, i), 20 + i, i % 2 == 0 ? WARM : SamplingParams.GREEDY));
                }
                rig.runToEnd(all);
                for (final Rig.Recorder recorder : all) {
                    assertThat(recorder.output).isEqualTo(Rig.alone(recorder.request).output);
                }
            }
            final SpeculationCounts.Of draft = rig.engine.counters().speculation().byProposer().getFirst();
            assertThat(draft.proposed()).isGreaterThan(100).isEqualTo(draft.accepted());
            rig.cycle();
            guesses.checkIdle();
        }
    }

    /** A draft device too small for all: some sequences go without drafts, nothing leaks, nothing differs. */
    @Test
    void aDraftModelWithoutRoomDraftsForFewer() {
        final EngineConfig config = Rig.config(48, 32, 4);
        final Guesses guesses = Guesses.ofDraft(config, 5, 9);
        try (Rig rig = new Rig(config, new NoBlockStore(), guesses.speculation(), ConstraintSource.NONE)) {
            final Rig.Recorder[] all = new Rig.Recorder[6];
            for (int i = 0; i < all.length; i++) {
                all[i] = rig.submit(Rig.request("r" + i, Rig.tokens(16, i), 12));
            }
            rig.runToEnd(all);
            for (final Rig.Recorder recorder : all) {
                assertThat(recorder.output).isEqualTo(Rig.alone(recorder.request).output);
            }
            assertThat(rig.engine.counters().speculation().accepted()).isPositive();
            rig.cycle();
            guesses.checkIdle();
        }
    }

    @Test
    void anOutputThatRepeatsATenantsEarlierOneIsLookedUp() {
        final Speculation suffix = new Speculation(8, false, List.of(new SuffixProposer(true)));
        try (Rig rig = new Rig(Rig.config(32, 32, 4), new NoBlockStore(), suffix, ConstraintSource.NONE)) {
            final Rig.Recorder first = rig.submit(Rig.request("a", Rig.tokens(12, 1), 30));
            rig.runToEnd(first);
            final long stepsBefore = rig.engine.counters().steps();
            final Rig.Recorder second = rig.submit(Rig.request("b", Rig.tokens(12, 1), 30));
            rig.runToEnd(second);
            assertThat(second.output).isEqualTo(first.output);
            assertThat(rig.engine.counters().steps() - stepsBefore).isLessThan(10);

            final long stepsOfOther = rig.engine.counters().steps();
            final GenerationRequest plain = Rig.request("c", Rig.tokens(12, 1), 30);
            final Rig.Recorder other = rig.submit(new GenerationRequest(plain.id(), new io.spillway.domain.id.TenantId("other"),
                plain.run(), plain.model(), plain.chainRoot(), plain.promptTokens(), plain.emittedTokens(), 30, new int[0],
                plain.sampling()));
            rig.runToEnd(other);
            assertThat(rig.engine.counters().steps() - stepsOfOther).as("another tenant's output tells nothing").isGreaterThan(20);
        }
    }

    /** A right prediction saves steps, a wrong one changes nothing. */
    @Test
    void anOutputThatItsCallerPredictsIsLookedUp() {
        final Rig.Recorder alone = Rig.alone(Rig.request("x", Rig.tokens(12, 1), 30));
        final int[] said = alone.output.stream().mapToInt(Integer::intValue).toArray();
        final int[] edited = java.util.Arrays.copyOf(said, said.length);
        edited[said.length / 2] = (said[said.length / 2] + 1) % FakeModel.TOKEN_THAT_THROWS;
        final java.util.Map<int[], Integer> stepsOfMost = new java.util.LinkedHashMap<>();
        stepsOfMost.put(said, 8);
        stepsOfMost.put(edited, 16);
        stepsOfMost.put(Rig.tokens(40, 9), 40);
        stepsOfMost.forEach((prediction, steps) -> {
            final Speculation suffix = new Speculation(8, false, List.of(new SuffixProposer(false)));
            try (Rig rig = new Rig(Rig.config(32, 32, 4), new NoBlockStore(), suffix, ConstraintSource.NONE)) {
                final Rig.Recorder predicted = rig.submit(Rig.request("p", Rig.tokens(12, 1), 30).withPrediction(prediction));
                rig.runToEnd(predicted);
                assertThat(predicted.output).isEqualTo(alone.output);
                assertThat(rig.engine.counters().steps()).isLessThan(steps);
            }
        });
    }

    /** A stop token inside a right guess ends the output there; what was guessed behind it never shows. */
    @Test
    void aStopTokenInsideAGuessEndsTheOutput() {
        final Rig.Recorder whole = Rig.alone(Rig.request("x", Rig.tokens(9, 3), 20));
        final int stop = whole.output.get(6);
        final GenerationRequest plain = Rig.request("y", Rig.tokens(9, 3), 20);
        final GenerationRequest stopping = new GenerationRequest(plain.id(), plain.tenant(), plain.run(), plain.model(),
            plain.chainRoot(), plain.promptTokens(), plain.emittedTokens(), 20, new int[] {stop}, plain.sampling());
        final Guesses guesses = Guesses.ofOracle(12, 0);
        guesses.knows(whole);
        try (Rig rig = rig(guesses)) {
            final Rig.Recorder stopped = rig.submit(stopping);
            rig.runToEnd(stopped);
            assertThat(stopped.output).isEqualTo(whole.output.subList(0, whole.output.indexOf(stop)));
            assertThat(stopped.finished().reason()).isEqualTo(FinishReason.STOP);
        }
    }

    /** Logits that are no numbers fail a request where they would have failed it one token at a time, not behind a wrong guess. */
    @Test
    void aFailureBehindAWrongGuessDoesNotCount() {
        final int[] prompt = Rig.tokens(7, 2);
        final Rig.Recorder whole = Rig.alone(Rig.request("x", prompt, 20));
        final Guesses guesses = Guesses.ofOracle(4, 1); // always wrong, and one in 20 blinds the model
        guesses.knows(whole);
        try (Rig rig = rig(guesses)) {
            final Rig.Recorder guessed = rig.submit(Rig.request("x", prompt, 20));
            rig.runToEnd(guessed);
            assertThat(guessed.output).isEqualTo(whole.output);
        }
    }

    /** Output under a constraint is the same whoever guesses; what the constraint forces is computed in one step, nobody asked. */
    @Test
    void aConstraintHoldsAndWhatItForcesIsComputedAhead() {
        final GenerationRequest request = Rig.request("x", Rig.tokens(10, 1), 28, WARM);
        final List<Integer> expected = constrained(new Guesses[0], request, 1);
        assertThat(expected).hasSize(28).containsSubsequence(3, 4, 5);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(expected.get(i)).isIn(i % 7 < 4 ? List.of(1, 2) : List.of(i % 7 - 1));
        }
        final java.util.Random random = new java.util.Random(5);
        for (int round = 0; round < 30; round++) {
            constrained(new Guesses[] {Guesses.random(random, Rig.config(32, 32, 4))}, request, round + 1);
        }
    }

    private static List<Integer> constrained(final Guesses[] guesses, final GenerationRequest request, final int cut) {
        final Speculation speculation = guesses.length == 0 ? Speculation.OFF : guesses[0].speculation();
        try (Rig rig = new Rig(Rig.config(32, 32, 4), new NoBlockStore(), speculation, any -> new ForcedRuns())) {
            final Rig.Recorder whole = rig.submit(request);
            rig.runToEnd(whole);
            if (guesses.length == 0) {
                final EngineCounters counters = rig.engine.counters();
                assertThat(counters.steps()).as("four of seven tokens are free, and the last run is the end").isEqualTo(28 * 4 / 7 + 1);
                assertThat(counters.speculation().byProposer()).containsExactly(new SpeculationCounts.Of("forced", 4, 11, 11));
            }
            final int emitted = Math.min(cut, whole.output.size() - 1);
            final Rig.Recorder rest = rig.submit(request.continuedFrom(
                whole.output.subList(0, emitted).stream().mapToInt(Integer::intValue).toArray()));
            rig.runToEnd(rest);
            assertThat(rest.output).as("continued behind %d tokens", emitted).isEqualTo(whole.output.subList(emitted, 28));
            return whole.output;
        }
    }

    @Test
    void anOutputThatBreaksItsConstraintIsNotContinued() {
        try (Rig rig = new Rig(Rig.config(32, 32, 4), new NoBlockStore(), Speculation.OFF, any -> new ForcedRuns())) {
            final Rig.Recorder broken = rig.submit(Rig.request("x", Rig.tokens(10, 1), 28).continuedFrom(new int[] {1, 7}));
            assertThat(broken.failure()).isEqualTo(io.spillway.domain.error.ErrorCode.INVALID_VALUE);
        }
    }
}
