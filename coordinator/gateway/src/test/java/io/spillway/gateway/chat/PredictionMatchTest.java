package io.spillway.gateway.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class PredictionMatchTest {
    private static int match(final String predicted, final String said) {
        return PredictionMatch.tokens(predicted.chars().toArray(), said.chars().toArray());
    }

    @Test
    void whatIsLeftOutOrPutInIsPassedOver() {
        assertThat(match("", "abc")).isZero();
        assertThat(match("abc", "")).isZero();
        assertThat(match("abcdef", "abcdef")).isEqualTo(6);
        assertThat(match("abcdef", "abef")).isEqualTo(4);
        assertThat(match("abef", "abcdef")).isEqualTo(4);
        assertThat(match("xxxxxx", "abcdef")).isZero();
        assertThat(match("the cat sat", "the dog sat")).isEqualTo(8);
    }

    @Property
    void neverMoreThanTheLongestCommonPart(@ForAll final long seed) {
        final Random random = new Random(seed);
        final int[] predicted = random.ints(random.nextInt(60), 0, 4).toArray();
        final int[] said = random.nextBoolean() ? random.ints(random.nextInt(60), 0, 4).toArray() : Arrays.copyOf(predicted, predicted.length / 2);
        final int matched = PredictionMatch.tokens(predicted, said);
        assertThat(matched).isBetween(0, common(predicted, said));
        assertThat(PredictionMatch.tokens(said, said)).isEqualTo(said.length);
    }

    private static int common(final int[] a, final int[] b) {
        final int[][] longest = new int[a.length + 1][b.length + 1];
        for (int i = 1; i <= a.length; i++) {
            for (int j = 1; j <= b.length; j++) {
                longest[i][j] = a[i - 1] == b[j - 1] ? longest[i - 1][j - 1] + 1 : Math.max(longest[i - 1][j], longest[i][j - 1]);
            }
        }
        return longest[a.length][b.length];
    }
}
