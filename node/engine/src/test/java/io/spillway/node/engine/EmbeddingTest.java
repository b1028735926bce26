package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.Pooling;
import io.spillway.domain.request.PrefillSources;
import io.spillway.kvstore.service.NoBlockStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Prompts that become vectors, in the same steps as others generate. */
class EmbeddingTest {
    private static GenerationRequest request(final String id, final int[] prompt, final Pooling pooling) {
        return Rig.request(id, prompt, 1).toEmbed(pooling);
    }

    @Test
    void aVectorHasLengthOneAndNoOutput() {
        for (final Pooling pooling : Pooling.values()) {
            final Rig.Recorder recorder = Rig.alone(request("e", Rig.tokens(19, 1), pooling));
            double squares = 0;
            for (final float element : recorder.vector) {
                squares += (double) element * element;
            }
            assertThat(recorder.vector).hasSize(FakeModel.HIDDEN);
            assertThat(squares).isCloseTo(1, within(1e-6));
            assertThat(recorder.output).isEmpty();
            assertThat(recorder.finished().reason()).isEqualTo(FinishReason.STOP);
            assertThat(recorder.finished().usage().outputTokens()).isZero();
            assertThat(recorder.finished().usage().promptTokens()).isEqualTo(19);
        }
    }

    @Test
    void theLastTokensStateIsFoundBehindACachedPrefix() {
        try (Rig rig = new Rig(Rig.config(32, 16, 4), new NoBlockStore())) {
            final Rig.Recorder cold = rig.submit(request("cold", Rig.tokens(19, 1), Pooling.LAST));
            rig.runToEnd(cold);
            final Rig.Recorder warm = rig.submit(request("warm", Rig.tokens(19, 1), Pooling.LAST));
            rig.runToEnd(warm);
            assertThat(warm.vector).isEqualTo(cold.vector);
            assertThat(warm.started.sources()).isEqualTo(new PrefillSources(16, 0, 0, 0, 3));
            final Rig.Recorder text = rig.submit(Rig.request("text", Rig.tokens(19, 1), 3));
            rig.runToEnd(text);
            assertThat(text.finished().usage().cachedTokens()).as("a generation goes on where it ended").isEqualTo(16);
        }
    }

    @Test
    void theMeanComputesEveryTokenWhateverIsCached() {
        try (Rig rig = new Rig(Rig.config(32, 16, 4), new NoBlockStore())) {
            rig.runToEnd(rig.submit(Rig.request("text", Rig.tokens(19, 1), 3)));
            final long before = rig.model.rowsComputed();
            final Rig.Recorder mean = rig.submit(request("mean", Rig.tokens(19, 1), Pooling.MEAN));
            rig.runToEnd(mean);
            assertThat(rig.model.rowsComputed() - before).isEqualTo(19);
            assertThat(mean.finished().usage().cachedTokens()).isZero();
            assertThat(mean.vector).isEqualTo(Rig.alone(request("x", Rig.tokens(19, 1), Pooling.MEAN)).vector)
                .isNotEqualTo(Rig.alone(request("y", Rig.tokens(19, 1), Pooling.LAST)).vector);
        }
    }

    @Test
    void aModelWithoutHiddenStatesRefuses() {
        final FakeModel blind = new FakeModel(Rig.CONTEXT_TOKENS) {
            @Override
            public int hiddenSize() {
                throw new UnsupportedOperationException("this model shows no hidden states");
            }
        };
        try (Rig rig = new Rig(Rig.config(32, 16, 4), new NoBlockStore(), blind)) {
            assertThat(rig.submit(request("e", Rig.tokens(3, 1), Pooling.LAST)).failure())
                .isEqualTo(ErrorCode.UNSUPPORTED);
        }
    }

    /** Whatever else runs, is preempted or cancelled: the same bits as alone. */
    @Property(tries = 60)
    void vectorsDoNotDependOnTheBatch(@ForAll final long seed) {
        final Random random = new Random(seed);
        final int running = 1 + random.nextInt(5);
        try (Rig rig = new Rig(
            Rig.config(16 + random.nextInt(16), running + random.nextInt(16), running), new NoBlockStore())) {
            final List<Rig.Recorder> all = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                final int[] prompt = Rig.tokens(1 + random.nextInt(40), random.nextInt(2));
                final GenerationRequest plain = Rig.request("r" + i, prompt, 1 + random.nextInt(20))
                    .withPriority(random.nextInt(3));
                all.add(rig.submit(random.nextBoolean() ? plain : plain.toEmbed(Pooling.values()[random.nextInt(2)])));
                for (int cycles = random.nextInt(5); cycles > 0; cycles--) {
                    rig.cycle();
                }
            }
            rig.runToEnd(all.toArray(Rig.Recorder[]::new));
            for (final Rig.Recorder recorder : all) {
                final Rig.Recorder alone = Rig.alone(recorder.request);
                assertThat(recorder.vector).isEqualTo(alone.vector);
                assertThat(recorder.output).isEqualTo(alone.output);
            }
        }
    }
}
