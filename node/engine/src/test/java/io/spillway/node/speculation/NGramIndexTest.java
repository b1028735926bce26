package io.spillway.node.speculation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NGramIndexTest {
    /** With few enough occurrences to look at all of them, what is found is the longest match, of equals the newest. */
    @Property(tries = 200)
    void findsTheLongestMatch(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 5) final int gram) {
        final Random random = new Random(seed);
        final int[] tokens = random.ints(20 + random.nextInt(400), 0, 12).toArray();
        final NGramIndex index = new NGramIndex(gram, 1024);
        for (int known = 0; known <= tokens.length; known += 1 + random.nextInt(40)) {
            index.addUpTo(i -> tokens[i], known);
            final int found = index.find(i -> tokens[i], 0, i -> tokens[i], known);
            final int longest = longest(tokens, known, gram);
            if (gram >= 3) {
                assertThat(found >= 0 ? index.matched() : 0).isEqualTo(longest);
            } else if (found >= 0) {
                assertThat(index.matched()).isBetween(gram, longest);
            }
            for (int i = 1; found >= 0 && i <= index.matched(); i++) {
                assertThat(tokens[found - i]).isEqualTo(tokens[known - i]);
            }
        }
    }

    private static int longest(final int[] tokens, final int end, final int gram) {
        int longest = 0;
        for (int place = gram; place < end; place++) {
            int length = 0;
            while (length < place && length < NGramIndex.MATCH_MAX && tokens[place - 1 - length] == tokens[end - 1 - length]) {
                length++;
            }
            longest = length >= gram ? Math.max(longest, length) : longest;
        }
        return longest;
    }

    /** Beyond its window the index forgets, and never reads what its owner has overwritten. */
    @Test
    void aWindowForgets() {
        final int window = 256;
        final int[] ring = new int[window];
        final int[] written = {0};
        final Random random = new Random(3);
        final NGramIndex index = new NGramIndex(2, window);
        for (int i = 0; i < 5_000; i++) {
            ring[i & window - 1] = random.nextInt(9);
            written[0] = i + 1;
            index.addUpTo(position -> read(ring, written[0], position), i + 1);
            final int first = Math.max(0, i + 1 - window);
            final int found = index.find(position -> read(ring, written[0], position), first,
                position -> read(ring, written[0], position), i + 1);
            if (found >= 0) {
                assertThat(found).isGreaterThanOrEqualTo(first + 2);
                assertThat(ring[found - 1 & window - 1]).isEqualTo(ring[i & window - 1]);
            }
        }
    }

    private static int read(final int[] ring, final int written, final int position) {
        assertThat(position).isBetween(Math.max(0, written - ring.length), written - 1);
        return ring[position & ring.length - 1];
    }
}
