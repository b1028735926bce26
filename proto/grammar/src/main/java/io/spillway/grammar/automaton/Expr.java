package io.spillway.grammar.automaton;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A language over bytes, written down as a tree. Immutable; any thread. */
public sealed interface Expr {
    /** Nothing at all: not even the empty text. */
    Expr NEVER = new Alt(List.of());
    /** The empty text. */
    Expr EMPTY = new Seq(List.of());
    /** As {@code max} of a repetition: without bound. */
    int UNBOUNDED = -1;

    /** One byte of a set. */
    record Bytes(ByteSet set) implements Expr {
    }

    /** These bytes, in order. The array is not copied. */
    record Literal(byte[] bytes) implements Expr {
    }

    /** One of these byte strings; cheap for many. The arrays are not copied. */
    record Choice(List<byte[]> texts) implements Expr {
    }

    /** All parts, in order. */
    record Seq(List<Expr> parts) implements Expr {
    }

    /** Any one of the branches. */
    record Alt(List<Expr> branches) implements Expr {
    }

    /** {@code min} to {@code max} times the body; {@code max} may be {@link #UNBOUNDED}. */
    record Repeat(Expr body, int min, int max) implements Expr {
    }

    /** What a rule says; the rule may call itself. */
    record Call(Rule rule) implements Expr {
    }

    /**
     * What is written on some path from node {@code start} to node {@code end}.
     *
     * @param nodes how many nodes there are, numbered from 0
     */
    record Graph(int nodes, int start, int end, List<Edge> edges) implements Expr {
        /** One step of a path. */
        public record Edge(int from, Expr expr, int to) {
        }
    }

    /** @return one byte from {@code from} to {@code to} */
    static Expr range(final int from, final int to) {
        return new Bytes(ByteSet.range(from, to));
    }

    /** @return the text's UTF-8 */
    static Expr literal(final String text) {
        return text.isEmpty() ? EMPTY : new Literal(text.getBytes(StandardCharsets.UTF_8));
    }

    /** @return one of the texts, in UTF-8 */
    static Expr choice(final List<String> texts) {
        return new Choice(texts.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList());
    }

    /** @return the parts in order, with nested sequences laid flat */
    static Expr seq(final Expr... parts) {
        return seq(List.of(parts));
    }

    /** @return the parts in order, with nested sequences laid flat */
    static Expr seq(final List<Expr> parts) {
        final List<Expr> flat = new ArrayList<>();
        for (final Expr part : parts) {
            if (part instanceof Seq(final List<Expr> inner)) {
                flat.addAll(inner);
            } else {
                flat.add(part);
            }
        }
        return flat.size() == 1 ? flat.getFirst() : new Seq(List.copyOf(flat));
    }

    /** @return any of the branches */
    static Expr alt(final Expr... branches) {
        return alt(List.of(branches));
    }

    /** @return any of the branches */
    static Expr alt(final List<Expr> branches) {
        return branches.size() == 1 ? branches.getFirst() : new Alt(List.copyOf(branches));
    }

    /** @return the expression or nothing */
    static Expr optional(final Expr body) {
        return new Alt(List.of(EMPTY, body));
    }

    /** @return any number of times, also none */
    static Expr star(final Expr body) {
        return new Repeat(body, 0, UNBOUNDED);
    }

    /** @return once or more often */
    static Expr plus(final Expr body) {
        return new Repeat(body, 1, UNBOUNDED);
    }

    /** @return {@code min} to {@code max} times; {@code max} may be {@link #UNBOUNDED} */
    static Expr repeat(final Expr body, final int min, final int max) {
        return min == 1 && max == 1 ? body : new Repeat(body, min, max);
    }
}
