package io.spillway.grammar.automaton;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads texts by rewriting what is still expected, straight from the expressions: no states, no tables, no stacks. Slow, and shares no
 * code with the automaton. A way of reading is a list of what is to come.
 */
public final class SlowMatcher {
    private static final int MAX_WAYS = 400;

    /** What is to come: an expression, part of one, and the rest. Null: nothing more. */
    private record Expected(Object first, Expected rest) {
    }

    private record PartOfLiteral(byte[] bytes, int from) {
        @Override
        public boolean equals(final Object other) {
            return other instanceof PartOfLiteral(final byte[] b, final int f) && b == bytes && f == from;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(bytes) * 31 + from;
        }
    }

    private record AtNode(Expr.Graph graph, int node) {
        @Override
        public boolean equals(final Object other) {
            return other instanceof AtNode(final Expr.Graph g, final int n) && g == graph && n == node;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(graph) * 31 + node;
        }
    }

    private final Map<Rule, Boolean> productive;
    private Set<Expected> ways;

    private SlowMatcher(final Map<Rule, Boolean> productive, final Set<Expected> ways) {
        this.productive = productive;
        this.ways = ways;
    }

    /** @return a matcher at the beginning of a rule that has a body */
    public static SlowMatcher of(final Rule root) {
        final Map<Rule, Boolean> productive = new IdentityHashMap<>();
        collect(new Expr.Call(root), productive);
        boolean changed = true;
        while (changed) {
            changed = false;
            for (final Rule rule : List.copyOf(productive.keySet())) {
                if (!productive.get(rule) && canEnd(rule.body(), productive)) {
                    productive.put(rule, true);
                    changed = true;
                }
            }
        }
        final Set<Expected> start = new HashSet<>();
        start.add(new Expected(new Expr.Call(root), null));
        return new SlowMatcher(productive, start);
    }

    private static void collect(final Expr expr, final Map<Rule, Boolean> rules) {
        switch (expr) {
            case Expr.Call(final Rule rule) -> {
                if (rules.putIfAbsent(rule, false) == null) {
                    collect(rule.body(), rules);
                }
            }
            case Expr.Seq(final List<Expr> parts) -> parts.forEach(part -> collect(part, rules));
            case Expr.Alt(final List<Expr> branches) -> branches.forEach(branch -> collect(branch, rules));
            case Expr.Repeat repeat -> collect(repeat.body(), rules);
            case Expr.Graph graph -> graph.edges().forEach(edge -> collect(edge.expr(), rules));
            default -> {
            }
        }
    }

    private static boolean canEnd(final Object item, final Map<Rule, Boolean> productive) {
        return switch (item) {
            case Expr.Bytes(final ByteSet set) -> !set.isEmpty();
            case Expr.Choice(final List<byte[]> texts) -> !texts.isEmpty();
            case Expr.Seq(final List<Expr> parts) -> parts.stream().allMatch(part -> canEnd(part, productive));
            case Expr.Alt(final List<Expr> branches) -> branches.stream().anyMatch(branch -> canEnd(branch, productive));
            case Expr.Repeat repeat -> repeat.min() == 0 || canEnd(repeat.body(), productive);
            case Expr.Call(final Rule rule) -> productive.get(rule);
            case Expr.Graph graph -> canEnd(new AtNode(graph, graph.start()), productive);
            case AtNode(final Expr.Graph graph, final int node) -> canReachEnd(graph, node, productive);
            default -> true;
        };
    }

    private static boolean canReachEnd(final Expr.Graph graph, final int node, final Map<Rule, Boolean> productive) {
        final Set<Integer> reached = new HashSet<>(Set.of(node));
        boolean changed = true;
        while (changed) {
            changed = false;
            for (final Expr.Graph.Edge edge : graph.edges()) {
                if (reached.contains(edge.from()) && !reached.contains(edge.to()) && canEnd(edge.expr(), productive)) {
                    reached.add(edge.to());
                    changed = true;
                }
            }
        }
        return reached.contains(graph.end());
    }

    private boolean canEnd(final Expected expected) {
        for (Expected at = expected; at != null; at = at.rest()) {
            if (!canEnd(at.first(), productive)) {
                return false;
            }
        }
        return true;
    }

    /** @return after some bytes; null when they begin no text, or the comparison would take too long */
    public SlowMatcher after(final byte[] bytes) {
        SlowMatcher now = this;
        for (final byte value : bytes) {
            now = now.after(value & 0xff);
            if (now == null) {
                return null;
            }
        }
        return now;
    }

    private SlowMatcher after(final int value) {
        final Set<Expected> next = new HashSet<>();
        for (final Expected way : opened()) {
            if (way != null) {
                read(way, value, next);
            }
        }
        next.removeIf(way -> !canEnd(way));
        return next.isEmpty() ? null : new SlowMatcher(productive, next);
    }

    private void read(final Expected way, final int value, final Set<Expected> next) {
        switch (way.first()) {
            case Expr.Bytes(final ByteSet set) -> {
                if (set.contains(value)) {
                    next.add(way.rest() == null ? new Expected(Expr.EMPTY, null) : way.rest());
                }
            }
            case PartOfLiteral(final byte[] bytes, final int from) -> {
                if ((bytes[from] & 0xff) == value) {
                    next.add(new Expected(from + 1 == bytes.length ? Expr.EMPTY : new PartOfLiteral(bytes, from + 1), way.rest()));
                }
            }
            default -> throw new AssertionError(way.first());
        }
    }

    /** @return whether the text may end here */
    public boolean mayEnd() {
        return opened().contains(null);
    }

    /** Takes apart what comes first until it is a byte; null stands for a way that is at its end. */
    private Set<Expected> opened() {
        final Set<Expected> seen = new HashSet<>();
        final Set<Expected> done = new HashSet<>();
        final ArrayDeque<Expected> open = new ArrayDeque<>(ways);
        while (!open.isEmpty()) {
            final Expected way = open.pop();
            if (!seen.add(way)) {
                continue;
            }
            if (seen.size() > MAX_WAYS) {
                throw new TooManyWays();
            }
            for (final Expected one : open(way)) {
                if (one == null || one.first() instanceof Expr.Bytes || one.first() instanceof PartOfLiteral) {
                    done.add(one);
                } else {
                    open.push(one);
                }
            }
        }
        return done;
    }

    /** The grammar is too ambiguous to be read this way. */
    public static final class TooManyWays extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static List<Expected> open(final Expected way) {
        final Expected rest = way.rest();
        return switch (way.first()) {
            case Expr.Bytes _ -> List.of(way);
            case PartOfLiteral _ -> List.of(way);
            case Expr.Literal(final byte[] bytes) -> literal(bytes, rest);
            case Expr.Choice(final List<byte[]> texts) -> texts.stream().flatMap(text -> literal(text, rest).stream()).toList();
            case Expr.Seq(final List<Expr> parts) -> {
                Expected all = rest;
                for (int i = parts.size() - 1; i >= 0; i--) {
                    all = new Expected(parts.get(i), all);
                }
                yield java.util.Collections.singletonList(all);
            }
            case Expr.Alt(final List<Expr> branches) -> branches.stream().map(branch -> new Expected(branch, rest)).toList();
            case Expr.Repeat(final Expr body, final int min, final int max) -> {
                final List<Expected> both = new ArrayList<>();
                if (min == 0) {
                    both.add(rest);
                }
                if (max != 0) {
                    both.add(new Expected(body, new Expected(new Expr.Repeat(body, Math.max(0, min - 1), max < 0 ? max : max - 1), rest)));
                }
                yield both;
            }
            case Expr.Call(final Rule rule) -> List.of(new Expected(rule.body(), rest));
            case Expr.Graph graph -> List.of(new Expected(new AtNode(graph, graph.start()), rest));
            case AtNode(final Expr.Graph graph, final int node) -> {
                final List<Expected> steps = new ArrayList<>();
                if (node == graph.end()) {
                    steps.add(rest);
                }
                graph.edges().stream().filter(edge -> edge.from() == node)
                    .forEach(edge -> steps.add(new Expected(edge.expr(), new Expected(new AtNode(graph, edge.to()), rest))));
                yield steps;
            }
            default -> throw new AssertionError(way.first());
        };
    }

    private static List<Expected> literal(final byte[] bytes, final Expected rest) {
        return bytes.length == 0 ? java.util.Collections.singletonList(rest) : Arrays.asList(new Expected(new PartOfLiteral(bytes, 0), rest));
    }
}
