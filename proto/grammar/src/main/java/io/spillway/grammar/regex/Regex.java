package io.spillway.grammar.regex;

import io.spillway.grammar.automaton.Expr;
import java.util.List;

/** A regular expression as a tree. Immutable. */
public sealed interface Regex {
    /** One character of a set. */
    record Chars(CodePoints set) implements Regex {
    }

    /** All parts in order. */
    record Seq(List<Regex> parts) implements Regex {
    }

    /** Any one of the branches. */
    record Alt(List<Regex> branches) implements Regex {
    }

    /** {@code min} to {@code max} times; {@code max} may be {@link Expr#UNBOUNDED}. */
    record Repeat(Regex body, int min, int max) implements Regex {
    }

    /** The beginning or the end of the text. */
    enum Anchor implements Regex {
        /** {@code ^}. */
        BEGIN,
        /** {@code $}. */
        END
    }

    /** @return the texts that it matches as a whole */
    default Expr whole(final Encoding encoding) {
        return new Anchoring(encoding, Expr.EMPTY).expr(this);
    }

    /** @return the texts in which it matches somewhere */
    default Expr anywhere(final Encoding encoding) {
        return new Anchoring(encoding, Expr.star(encoding.of(CodePoints.ALL))).expr(this);
    }
}
