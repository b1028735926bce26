package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.SamplingParams;
import io.spillway.kvstore.service.NoBlockStore;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Several choices of one prompt: computed once, shared block by block, the last one copied. */
class ForkTest {
    private static final SamplingParams SAMPLED =
        new SamplingParams(1f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 40L, -1);

    private static Rig rig(final int deviceBlocks) {
        return new Rig(Rig.config(deviceBlocks, 16, 8), new NoBlockStore());
    }

    private static GenerationRequest choice(final int choice, final int[] prompt, final int outputMax) {
        return Rig.request("c" + choice, prompt, outputMax, SAMPLED.forChoice(choice));
    }

    private static Rig.Recorder[] submit(final Rig rig, final int choices, final int[] prompt, final int outputMax) {
        final Rig.Recorder[] recorders = new Rig.Recorder[choices];
        for (int i = 0; i < choices; i++) {
            recorders[i] = rig.submit(choice(i, prompt, outputMax));
        }
        return recorders;
    }

    @Test
    void choicesAreThoseOfSeparateRequests() {
        try (Rig rig = rig(64)) {
            final Rig.Recorder[] choices = submit(rig, 5, Rig.tokens(19, 1), 9);
            rig.runToEnd(choices);
            for (int i = 0; i < choices.length; i++) {
                assertThat(choices[i].output).hasSize(9)
                    .isEqualTo(Rig.alone(choice(i, Rig.tokens(19, 1), 9)).output);
            }
            assertThat(choices[0].output).as("seeds differ").isNotEqualTo(choices[1].output);
        }
    }

    @Test
    void thePromptIsComputedOnce() {
        for (final int promptTokens : new int[] {16, 17, 18, 19, 20, 3, 1}) {
            try (Rig rig = rig(64)) {
                final Rig.Recorder[] choices = submit(rig, 5, Rig.tokens(promptTokens, 1), 2);
                rig.runToEnd(choices);
                // Every choice but the first computes the prompt's last token again, for its logits; then one of the output.
                assertThat(rig.model.rowsComputed()).as("prompt of %s", promptTokens).isEqualTo(promptTokens + 4 + 5);
                assertThat(choices[3].finished().usage().cachedTokens()).isEqualTo(promptTokens - 1);
                assertThat(choices[0].finished().usage().sources())
                    .isEqualTo(new PrefillSources(0, 0, 0, 0, promptTokens));
            }
        }
    }

    @Test
    void blocksAreThoseOfThePromptAndATailEach() {
        try (Rig rig = rig(64)) {
            final Rig.Recorder[] choices = submit(rig, 6, Rig.tokens(34, 1), 3);
            while (choices[5].output.isEmpty()) {
                rig.cycle();
            }
            // 8 full blocks of the prompt, then one private block per choice.
            assertThat(rig.engine.load(new NodeId("n"), 1).leasedBlocks()).isLessThanOrEqualTo(8 + 6);
            rig.runToEnd(choices);
            rig.nowNanos += 1_000_000_000L;
            rig.cycle();
            assertThat(rig.engine.load(new NodeId("n"), 1).leasedBlocks()).isZero();
        }
    }

    @Test
    void aLateChoiceCopiesFromOneThatGoesOn() {
        try (Rig rig = rig(64)) {
            final Rig.Recorder first = rig.submit(choice(0, Rig.tokens(19, 1), 20));
            while (first.output.size() < 4) { // beyond the block of the tail
                rig.cycle();
            }
            final long before = rig.model.rowsComputed();
            final Rig.Recorder late = rig.submit(choice(1, Rig.tokens(19, 1), 1));
            final int outputBefore = first.output.size();
            rig.runToEnd(late);
            assertThat(rig.model.rowsComputed() - before - (first.output.size() - outputBefore)).isEqualTo(1);
            assertThat(late.output).isEqualTo(Rig.alone(choice(1, Rig.tokens(19, 1), 1)).output);
            rig.runToEnd(first);
            assertThat(first.output).isEqualTo(Rig.alone(choice(0, Rig.tokens(19, 1), 20)).output);
        }
    }

    @Test
    void theOneThatComputesMayEnd() {
        try (Rig rig = rig(64)) {
            final Rig.Recorder[] choices = submit(rig, 3, Rig.tokens(30, 1), 5);
            rig.cycle(); // half of the prompt
            rig.engine.cancel(choices[0].request.id());
            rig.runToEnd(choices);
            assertThat(choices[2].output).isEqualTo(Rig.alone(choice(2, Rig.tokens(30, 1), 5)).output);
        }
    }

    /** Forks, other requests, cancellations, too few blocks: every output is that of a request alone, no block is lost. */
    @Property(tries = 60)
    void anyMixtureIsExact(@ForAll final long seed) {
        final Random random = new Random(seed);
        try (Rig rig = rig(16 + random.nextInt(16))) {
            final java.util.List<Rig.Recorder> all = new java.util.ArrayList<>();
            for (int group = 0; group < 3; group++) {
                final int[] prompt = Rig.tokens(1 + random.nextInt(30), random.nextInt(2));
                final int outputMax = 1 + random.nextInt(20);
                for (int i = random.nextInt(4); i >= 0; i--) {
                    all.add(rig.submit(Rig.request("g" + group + "-" + i, prompt, outputMax, SAMPLED.forChoice(i))
                        .withPriority(random.nextInt(2))));
                }
                for (int i = random.nextInt(6); i > 0; i--) {
                    rig.cycle();
                }
                if (random.nextInt(3) == 0) {
                    rig.engine.cancel(all.get(random.nextInt(all.size())).request.id());
                }
            }
            rig.runToEnd(all.toArray(Rig.Recorder[]::new));
            for (final Rig.Recorder recorder : all) {
                final var alone = Rig.alone(recorder.request).output;
                assertThat(recorder.output).isEqualTo(alone.subList(0, recorder.output.size()));
                assertThat(recorder.last instanceof io.spillway.domain.request.GenerationEvent.Failed
                    || recorder.output.size() == alone.size()).isTrue();
            }
        }
    }
}
