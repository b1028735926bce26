package io.spillway.local.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lists of ids as people write them, and the choice of the most likely tokens against a plain sort. */
class EvalInputTest {
    @TempDir
    private Path folder;

    private int[] ids(final String content) throws IOException {
        return EvalInput.ofIds(Files.writeString(folder.resolve("ids"), content)).tokens();
    }

    @Test
    void idsInAnyUsualForm() throws IOException {
        assertThat(ids("1 2\n3")).containsExactly(1, 2, 3);
        assertThat(ids(" 1, 2,3\n")).containsExactly(1, 2, 3);
        assertThat(ids("[1, 2, 3]\n")).containsExactly(1, 2, 3);
        assertThat(ids("")).isEmpty();
    }

    @Test
    void whatIsNoListIsSaid() {
        assertThatThrownBy(() -> ids("1 two")).isInstanceOf(SpillwayException.class).hasMessageContaining("not a list of token ids");
        assertThatThrownBy(() -> ids("[1, 2.5]")).isInstanceOf(SpillwayException.class).hasMessageContaining("element 1 is no token id");
        assertThatThrownBy(() -> ids("[1, ")).isInstanceOf(SpillwayException.class).hasMessageContaining("no JSON array");
        assertThatThrownBy(() -> EvalInput.ofIds(folder.resolve("none"))).isInstanceOf(SpillwayException.class).hasMessageContaining("no file at");
    }

    @Property(tries = 200)
    void topIsThatOfASort(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 60) final int vocabulary,
            @ForAll @IntRange(min = 0, max = 70) final int count) {
        final Random random = new Random(seed);
        final float[] logits = new float[vocabulary + 7];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = random.nextInt(20) / 4f;
        }
        final int[] expected = IntStream.range(0, vocabulary).boxed()
            .sorted(Comparator.comparing((final Integer token) -> -logits[7 + token]).thenComparing(token -> token))
            .limit(count).mapToInt(token -> token).toArray();
        assertThat(TopLogits.of(logits, 7, vocabulary, count).stream().mapToInt(TopLogits.Entry::token).toArray()).isEqualTo(expected);
        final double all = TopLogits.of(logits, 7, vocabulary, vocabulary).stream().mapToDouble(e -> Math.exp(e.logprob())).sum();
        assertThat(all).isCloseTo(1, within(1e-9));
        assertThat(Arrays.stream(expected).distinct().count()).isEqualTo(expected.length);
    }
}
