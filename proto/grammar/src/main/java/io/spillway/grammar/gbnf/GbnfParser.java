package io.spillway.grammar.gbnf;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.automaton.Expr;
import io.spillway.grammar.automaton.Rule;
import io.spillway.grammar.automaton.SpecialToken;
import io.spillway.grammar.regex.CodePoints;
import io.spillway.grammar.regex.Encoding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads a grammar; the rule {@code root} is where it begins. Owned by one thread. */
public final class GbnfParser {
    private static final int MAX_CHARS = 256 * 1024;
    private static final int MAX_DEPTH = 200;
    private static final int MAX_RULES = 4096;
    private static final int MAX_COUNT = 100_000;

    private final GbnfText text;
    private final Map<String, Rule> rules = new LinkedHashMap<>();
    private Rule current;
    private int depth;

    private GbnfParser(final String text) {
        this.text = new GbnfText(text);
    }

    /**
     * @return the rule {@code root}, not prepared
     * @throws SpillwayException for what is no grammar, or too large a one
     */
    public static Rule parse(final String text) {
        if (text.length() > MAX_CHARS) {
            throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "a grammar may have " + MAX_CHARS + " characters");
        }
        return new GbnfParser(text).grammar();
    }

    private Rule grammar() {
        final Map<String, Boolean> defined = new LinkedHashMap<>();
        text.skip(true);
        while (!text.ended()) {
            final String name = text.name();
            text.skip(false);
            if (!text.takes("::=")) {
                throw text.invalid("::= is missing after the rule's name " + name);
            }
            text.skip(true);
            if (defined.putIfAbsent(name, true) != null) {
                throw text.invalid("the rule " + name + " is defined twice");
            }
            current = rule(name);
            current.define(withoutLeftRecursion(current, alternatives(false)));
            if (!text.ended() && !text.atLineEnd()) {
                throw text.invalid("a new rule begins on a new line");
            }
            text.skip(true);
        }
        for (final String name : rules.keySet()) {
            if (!defined.containsKey(name)) {
                throw text.invalid("the rule " + name + " is used and not defined");
            }
        }
        if (!rules.containsKey("root")) {
            throw new SpillwayException(ErrorCode.MISSING_FIELD, "grammar: the rule root is missing");
        }
        return rules.get("root");
    }

    private Rule rule(final String name) {
        if (rules.size() > MAX_RULES) {
            throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "a grammar may have " + MAX_RULES + " rules");
        }
        return rules.computeIfAbsent(name, Rule::new);
    }

    /** {@code a ::= a x | b} says what {@code a ::= b x*} says. */
    private Expr withoutLeftRecursion(final Rule rule, final List<List<Expr>> branches) {
        final List<Expr> begin = new ArrayList<>();
        final List<Expr> more = new ArrayList<>();
        for (final List<Expr> branch : branches) {
            if (!branch.isEmpty() && branch.getFirst() instanceof Expr.Call(final Rule called) && called == rule) {
                more.add(Expr.seq(branch.subList(1, branch.size())));
            } else {
                begin.add(Expr.seq(branch));
            }
        }
        return more.isEmpty() ? Expr.alt(begin) : Expr.seq(Expr.alt(begin), Expr.star(Expr.alt(more)));
    }

    private List<List<Expr>> alternatives(final boolean nested) {
        if (++depth > MAX_DEPTH) {
            throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "grammar: groups are nested deeper than " + MAX_DEPTH);
        }
        final List<List<Expr>> branches = new ArrayList<>();
        branches.add(sequence(nested));
        while (text.takes("|")) {
            text.skip(true);
            branches.add(sequence(nested));
        }
        depth--;
        return branches;
    }

    private List<Expr> sequence(final boolean nested) {
        final List<Expr> parts = new ArrayList<>();
        while (!text.ended() && !text.sees("|") && !text.sees(")") && !(text.atLineEnd() && !nested)) {
            Expr part = symbol();
            text.skip(nested);
            int[] counts = counts();
            while (counts != null) {
                part = Expr.repeat(part, counts[0], counts[1]);
                text.skip(nested);
                counts = counts();
            }
            parts.add(part);
        }
        return parts;
    }

    private Expr symbol() {
        if (text.takes("\"")) {
            return quoted();
        }
        if (text.takes("[")) {
            return Encoding.UTF8.of(text.charClass());
        }
        if (text.takes(".")) {
            return Encoding.UTF8.of(CodePoints.ALL);
        }
        if (text.takes("(")) {
            text.skip(true);
            final Expr inner = Expr.alt(alternatives(true).stream().map(Expr::seq).toList());
            if (!text.takes(")")) {
                throw text.invalid("a group is not closed");
            }
            return inner;
        }
        if (text.sees("<")) {
            return SpecialToken.orText(text.token());
        }
        if (text.sees("!")) {
            throw text.unsupported("tokens that must not come");
        }
        return new Expr.Call(rule(text.name()));
    }

    private Expr quoted() {
        final StringBuilder chars = new StringBuilder();
        while (!text.takes("\"")) {
            chars.appendCodePoint(text.character());
        }
        return Expr.literal(chars.toString());
    }

    private int[] counts() {
        if (text.takes("*")) {
            return new int[] {0, Expr.UNBOUNDED};
        }
        if (text.takes("+")) {
            return new int[] {1, Expr.UNBOUNDED};
        }
        if (text.takes("?")) {
            return new int[] {0, 1};
        }
        if (!text.takes("{")) {
            return null;
        }
        text.skip(false);
        final int min = text.sees(",") ? 0 : text.number(MAX_COUNT);
        text.skip(false);
        int max = min;
        if (text.takes(",")) {
            text.skip(false);
            max = text.sees("}") ? Expr.UNBOUNDED : text.number(MAX_COUNT);
            text.skip(false);
        }
        if (!text.takes("}") || max != Expr.UNBOUNDED && max < min) {
            throw text.invalid("a count is {m}, {m,}, {,n} or {m,n} with m no more than n");
        }
        return new int[] {min, max};
    }
}
