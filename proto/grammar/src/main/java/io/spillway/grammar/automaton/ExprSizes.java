package io.spillway.grammar.automaton;

import java.util.List;

/** What can be said of an expression without building it. */
final class ExprSizes {
    private ExprSizes() {
    }

    /** @return about how many states it becomes; never overflows */
    static long states(final Expr expr) {
        return switch (expr) {
            case Expr.Bytes _, Expr.Call _ -> 1;
            case Expr.Literal(final byte[] bytes) -> bytes.length;
            case Expr.Choice(final List<byte[]> texts) -> texts.stream().mapToLong(text -> text.length + 1).sum();
            case Expr.Seq(final List<Expr> parts) -> parts.stream().mapToLong(ExprSizes::states).reduce(1, ExprSizes::plus);
            case Expr.Alt(final List<Expr> branches) -> branches.stream().mapToLong(ExprSizes::states).reduce(2, ExprSizes::plus);
            case Expr.Repeat repeat -> plus(2, times(states(repeat.body()), Math.max(1, Math.max(repeat.min(), repeat.max()))));
            case Expr.Graph graph -> graph.edges().stream().mapToLong(edge -> states(edge.expr())).reduce(graph.nodes(), ExprSizes::plus);
        };
    }

    private static long plus(final long a, final long b) {
        return Math.min(Integer.MAX_VALUE, a + b);
    }

    private static long times(final long a, final long b) {
        return Math.min(Integer.MAX_VALUE, a * b);
    }

    /** @return false only when the empty text is certainly not in it */
    static boolean maybeEmpty(final Expr expr) {
        return switch (expr) {
            case Expr.Bytes _ -> false;
            case Expr.Literal(final byte[] bytes) -> bytes.length == 0;
            case Expr.Choice(final List<byte[]> texts) -> texts.stream().anyMatch(text -> text.length == 0);
            case Expr.Seq(final List<Expr> parts) -> parts.stream().allMatch(ExprSizes::maybeEmpty);
            case Expr.Alt(final List<Expr> branches) -> branches.stream().anyMatch(ExprSizes::maybeEmpty);
            case Expr.Repeat repeat -> repeat.min() == 0 || maybeEmpty(repeat.body());
            case Expr.Call(final Rule rule) -> !rule.isReady() || rule.isNullable();
            case Expr.Graph _ -> true;
        };
    }

    /**
     * The same repetition as calls of a rule that stands for about the square root of the count: a million repetitions need
     * some thousand states.
     */
    static Expr inPieces(final Expr.Repeat repeat) {
        final int counted = Math.max(repeat.min(), repeat.max());
        final int piece = (int) Math.ceil(Math.sqrt(counted));
        final Expr.Call call = new Expr.Call(new Rule("repetition").define(new Expr.Repeat(repeat.body(), piece, piece)));
        final Expr least = Expr.seq(new Expr.Repeat(call, repeat.min() / piece, repeat.min() / piece),
            new Expr.Repeat(repeat.body(), repeat.min() % piece, repeat.min() % piece));
        if (repeat.max() == Expr.UNBOUNDED) {
            return Expr.seq(least, Expr.star(repeat.body()));
        }
        final int more = repeat.max() - repeat.min();
        final int pieces = more / piece;
        final Expr whole = Expr.seq(new Expr.Repeat(call, pieces, pieces), new Expr.Repeat(repeat.body(), 0, more % piece));
        return Expr.seq(least, pieces == 0 ? whole
            : Expr.alt(whole, Expr.seq(new Expr.Repeat(call, 0, pieces - 1), new Expr.Repeat(repeat.body(), 0, piece - 1))));
    }
}
