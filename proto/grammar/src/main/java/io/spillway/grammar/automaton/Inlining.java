package io.spillway.grammar.automaton;

import java.util.BitSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which calls become copies of what they call: small rules that never lead back to themselves. A state then knows what follows the rule,
 * and masks need no look at the stack. Rules that many grammars share are left alone: their masks are found once for all. Owned by one
 * thread.
 */
final class Inlining {
    private static final long MAX_STATES = 64;
    private static final long NEVER = Integer.MAX_VALUE;
    private static final int MAX_DEPTH = 100;

    private final Map<Rule, Long> sizes = new IdentityHashMap<>();
    private int depth;

    /** @return what to build in place of a call; null: the call itself */
    Expr bodyOf(final Rule rule) {
        return size(rule) <= MAX_STATES ? rule.body() : null;
    }

    private long size(final Rule rule) {
        if (rule.isShared() || rule.isReady() || rule.body() == null) {
            return NEVER;
        }
        final Long known = sizes.get(rule);
        if (known != null) {
            return known;
        }
        if (depth == MAX_DEPTH) {
            return NEVER;
        }
        // While its calls are looked at, and for good if one of them leads back.
        sizes.put(rule, NEVER);
        depth++;
        final long size = states(rule.body());
        depth--;
        sizes.put(rule, leadsBack(rule.body(), rule) ? NEVER : size);
        return sizes.get(rule);
    }

    private boolean leadsBack(final Expr expr, final Rule to) {
        return switch (expr) {
            case Expr.Call(final Rule rule) -> rule == to || size(rule) <= MAX_STATES && leadsBack(rule.body(), to);
            case Expr.Seq(final List<Expr> parts) -> parts.stream().anyMatch(part -> leadsBack(part, to));
            case Expr.Alt(final List<Expr> branches) -> branches.stream().anyMatch(branch -> leadsBack(branch, to));
            case Expr.Repeat repeat -> leadsBack(repeat.body(), to);
            case Expr.Graph graph -> graph.edges().stream().anyMatch(edge -> leadsBack(edge.expr(), to));
            default -> false;
        };
    }

    /** @return about how many states an expression becomes; never overflows */
    long states(final Expr expr) {
        return switch (expr) {
            case Expr.Bytes _ -> 1;
            case Expr.Call(final Rule rule) -> size(rule) <= MAX_STATES ? size(rule) : 1;
            case Expr.Literal(final byte[] bytes) -> bytes.length;
            case Expr.Choice(final List<byte[]> texts) -> texts.stream().mapToLong(text -> text.length).reduce(1, Inlining::plus);
            case Expr.Seq(final List<Expr> parts) -> parts.stream().mapToLong(this::states).reduce(0, Inlining::plus);
            case Expr.Alt(final List<Expr> branches) -> branches.stream().mapToLong(this::states).reduce(0, Inlining::plus);
            case Expr.Repeat repeat -> times(plus(2, states(repeat.body())), Math.max(1, Math.max(repeat.min(), repeat.max())));
            case Expr.Graph graph -> graph.edges().stream().mapToLong(edge -> states(edge.expr())).reduce(graph.nodes(), Inlining::plus);
        };
    }

    private static long plus(final long a, final long b) {
        return Math.min(NEVER, a + b);
    }

    private static long times(final long a, final long b) {
        return Math.min(NEVER, a * b);
    }

    /** @return false only when the empty text is certainly not in it */
    boolean maybeEmpty(final Expr expr) {
        return switch (expr) {
            case Expr.Bytes _ -> false;
            case Expr.Literal(final byte[] bytes) -> bytes.length == 0;
            case Expr.Choice(final List<byte[]> texts) -> texts.stream().anyMatch(text -> text.length == 0);
            case Expr.Seq(final List<Expr> parts) -> parts.stream().allMatch(this::maybeEmpty);
            case Expr.Alt(final List<Expr> branches) -> branches.stream().anyMatch(this::maybeEmpty);
            case Expr.Repeat repeat -> repeat.min() == 0 || maybeEmpty(repeat.body());
            case Expr.Call(final Rule rule) -> rule.isReady() ? rule.isNullable() : bodyOf(rule) == null || maybeEmpty(rule.body());
            case Expr.Graph graph -> hasEmptyPath(graph);
        };
    }

    private boolean hasEmptyPath(final Expr.Graph graph) {
        final BitSet reached = new BitSet(graph.nodes());
        reached.set(graph.start());
        boolean more = true;
        while (more && !reached.get(graph.end())) {
            more = false;
            for (final Expr.Graph.Edge edge : graph.edges()) {
                if (reached.get(edge.from()) && !reached.get(edge.to()) && maybeEmpty(edge.expr())) {
                    reached.set(edge.to());
                    more = true;
                }
            }
        }
        return reached.get(graph.end());
    }

    /**
     * The same repetition as calls of a rule that stands for a piece of it: a million repetitions need some thousand states. A piece
     * is no shorter than {@code pieceStates} allow, so that most of it is far from its end.
     */
    Expr inPieces(final Expr.Repeat repeat, final int pieceStates) {
        final int counted = Math.max(repeat.min(), repeat.max());
        final int roomy = (int) (pieceStates / Math.max(1, states(repeat.body())));
        final int piece = Math.max((int) Math.ceil(Math.sqrt(counted)), Math.min(roomy, counted / 2));
        final int leastPieces = repeat.min() / piece;
        final Expr least = Expr.seq(calls(new Rule("repetition"), repeat.body(), piece, leastPieces, leastPieces),
            new Expr.Repeat(repeat.body(), repeat.min() % piece, repeat.min() % piece));
        return Expr.seq(least, repeat.max() == Expr.UNBOUNDED ? Expr.star(repeat.body())
            : upTo(repeat.max() - repeat.min(), repeat.body(), piece));
    }

    private static Expr calls(final Rule rule, final Expr body, final int piece, final int min, final int max) {
        return max == 0 ? Expr.EMPTY : new Expr.Repeat(new Expr.Call(rule.define(new Expr.Repeat(body, piece, piece))), min, max);
    }

    /**
     * Beside each call of a piece, two pieces are read without a call: so the end of a piece is no place where anything changes, and
     * masks can leave the calls out of account.
     */
    private static Expr upTo(final int most, final Expr body, final int piece) {
        final int pieces = most / piece;
        if (pieces < 2) {
            return new Expr.Repeat(body, 0, most);
        }
        final Rule rule = piece > Automaton.NEAR_BYTES + 2 ? Rule.covered("repetition") : new Rule("repetition");
        final Expr.Call call = new Expr.Call(rule.define(new Expr.Repeat(body, piece, piece)));
        return Expr.alt(Expr.seq(new Expr.Repeat(call, 0, pieces - 2), new Expr.Repeat(body, 0, 2 * piece - 1)),
            Expr.seq(new Expr.Repeat(call, pieces - 1, pieces - 1), new Expr.Repeat(body, 0, piece + most % piece)));
    }
}
