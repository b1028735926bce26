package io.spillway.text.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.text.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class TextStreamTest {
    /** Token n stands for the n-th piece. */
    private record Pieces(List<byte[]> pieces) implements Tokenizer {
        @Override
        public int[] encode(final String text, final boolean addSpecial) {
            throw new UnsupportedOperationException();
        }

        @Override
        public byte[] tokenBytes(final int id) {
            return pieces.get(id);
        }

        @Override
        public boolean isSpecial(final int id) {
            return false;
        }

        @Override
        public String decode(final int[] ids) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int vocabularySize() {
            return pieces.size();
        }

        @Override
        public OptionalInt idOf(final String token) {
            return OptionalInt.empty();
        }

        @Override
        public void close() {
            // Nothing to free.
        }
    }

    /** A text in UTF-8, cut anywhere, also inside characters; and stops of letters that the text is full of. */
    record Case(String text, List<Integer> sizes, List<String> stops) {
        List<byte[]> pieces() {
            final byte[] all = text.getBytes(StandardCharsets.UTF_8);
            final List<byte[]> pieces = new ArrayList<>();
            int at = 0;
            for (int i = 0; at < all.length; i++) {
                final int size = Math.min(sizes.get(i % sizes.size()), all.length - at);
                final ByteArrayOutputStream piece = new ByteArrayOutputStream();
                piece.write(all, at, size);
                pieces.add(piece.toByteArray());
                at += size;
            }
            return pieces;
        }

        /** Where the stop that is complete first begins, found in the whole text; -1 = nowhere. */
        int stopStart() {
            for (int end = 1; end <= text.length(); end++) {
                final String head = text.substring(0, end);
                final int length = stops.stream().filter(head::endsWith).mapToInt(String::length).max().orElse(0);
                if (length > 0) {
                    return end - length;
                }
            }
            return -1;
        }
    }

    @Provide
    static Arbitrary<Case> cases() {
        final Arbitrary<String> text = Arbitraries.of("a", "b", "ab", "é", "日", "👩", "\n", "\u0000").list().ofMaxSize(40).map(list -> String.join("", list));
        final Arbitrary<String> stop = Arbitraries.of("a", "b", "é", "日", "👩").list().ofMinSize(1).ofMaxSize(4).map(list -> String.join("", list));
        return Combinators.combine(text, Arbitraries.integers().between(1, 5).list().ofMinSize(1).ofMaxSize(8), stop.list().ofMaxSize(3)).as(Case::new);
    }

    @Property
    void cutsLikeTheWholeText(@ForAll("cases") final Case given) {
        final List<byte[]> pieces = given.pieces();
        final TextStream stream = new TextStream(new Pieces(pieces), given.stops());
        final StringBuilder out = new StringBuilder();
        for (int token = 0; token < pieces.size(); token++) {
            final String text = stream.accept(token);
            assertThat(text).doesNotContain("\uFFFD");
            out.append(text);
        }
        out.append(stream.end());
        final int stop = given.stopStart();
        assertThat(stream.stopped()).isEqualTo(stop >= 0);
        assertThat(out.toString()).isEqualTo(stop < 0 ? given.text() : given.text().substring(0, stop));
    }

    @Property
    void holdsBackNoMoreThanIsNeeded(@ForAll("cases") final Case given) {
        final StopScanner scanner = new StopScanner(given.stops());
        final StringBuilder out = new StringBuilder();
        for (int i = 0; i < given.text().length() && !scanner.stopped(); i++) {
            out.append(scanner.accept(given.text().substring(i, i + 1)));
            if (!scanner.stopped()) {
                final String held = given.text().substring(out.length(), i + 1);
                assertThat(held.isEmpty() || given.stops().stream().anyMatch(stop -> stop.startsWith(held))).isTrue();
            }
        }
    }

    @Test
    void tellsTheTokensThatAStopTook() {
        final TextStream stream = new TextStream(new Pieces(List.of("He".getBytes(), "y S".getBytes(), "TOPx".getBytes(), "y".getBytes())), List.of("STOP"));
        assertThat(stream.accept(0)).isEqualTo("He");
        assertThat(stream.accept(1)).isEqualTo("y ");
        assertThat(stream.accept(2)).isEmpty();
        assertThat(stream.stopped()).isTrue();
        assertThat(stream.accept(3)).isEmpty();
        assertThat(stream.tokens()).isEqualTo(3);
        assertThat(stream.end()).isEmpty();
    }

    @Test
    void falseStartsComeOut() {
        final StopScanner scanner = new StopScanner(List.of("aab"));
        assertThat(scanner.accept("aa")).isEmpty();
        assertThat(scanner.accept("a")).isEqualTo("a");
        assertThat(scanner.accept("c")).isEqualTo("aac");
        assertThat(scanner.accept("xaa")).isEqualTo("x");
        assertThat(scanner.end()).isEqualTo("aa");
    }

    @Test
    void brokenBytesBecomeReplacementsOnceTheyCannotComplete() {
        final TextStream stream = new TextStream(new Pieces(List.of(new byte[] {(byte) 0xe2, (byte) 0x82}, new byte[] {'A'}, new byte[] {(byte) 0xf0})), List.of());
        assertThat(stream.accept(0)).isEmpty();
        assertThat(stream.accept(1)).isEqualTo("\uFFFDA");
        assertThat(stream.accept(2)).isEmpty();
        assertThat(stream.end()).isEqualTo("\uFFFD");
    }
}
