package io.spillway.grammar.schema;

import io.spillway.grammar.automaton.Expr;
import io.spillway.grammar.automaton.Rule;
import io.spillway.grammar.automaton.Rules;
import io.spillway.grammar.regex.Encoding;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** JSON's own rules, for one kind of white space. Shared by all grammars; immutable. */
public final class JsonSyntax {
    private static final int MAX_STATES = 10_000;
    private static final int MAX_INDENT = 32;
    private static final Expr HEX = Expr.alt(Expr.range('0', '9'), Expr.range('a', 'f'), Expr.range('A', 'F'));
    private static final Expr DIGIT = Expr.range('0', '9');

    /** One character of a string, in any form that JSON has for it, never half a character. */
    static final Expr CHARACTER = character();
    private static final Expr WHOLE = Expr.seq(Expr.optional(Expr.literal("-")),
        Expr.alt(Expr.literal("0"), Expr.seq(Expr.range('1', '9'), Expr.star(DIGIT))));
    private static final Rule STRING = Rule.shared("string")
        .define(Expr.seq(Expr.literal("\""), Expr.star(CHARACTER), Expr.literal("\"")));
    private static final Rule INTEGER = Rule.shared("integer").define(WHOLE);
    private static final Rule NUMBER = Rule.shared("number").define(Expr.seq(WHOLE,
        Expr.optional(Expr.seq(Expr.literal("."), Expr.plus(DIGIT))),
        Expr.optional(Expr.seq(Expr.choice(List.of("e", "E", "e+", "E+", "e-", "E-")), Expr.repeat(DIGIT, 1, 3)))));
    private static final Rule BREAK = Rule.shared("white space").define(Expr.optional(
        Expr.alt(Expr.literal(" "), Expr.seq(Expr.literal("\n"), Expr.repeat(Expr.literal(" "), 0, MAX_INDENT)))));
    private static final Map<Whitespace, JsonSyntax> ALL = all();

    private final Whitespace whitespace;
    private final Rule object;
    private final Rule value;

    private JsonSyntax(final Whitespace whitespace) {
        this.whitespace = whitespace;
        this.object = Rule.shared("object");
        this.value = Rule.shared("value");
        final Expr any = new Expr.Call(value);
        final Expr array = Expr.seq(Expr.literal("["), items(any, 0, Expr.UNBOUNDED), Expr.literal("]"));
        object.define(Expr.seq(Expr.literal("{"), items(Expr.seq(string(), colon(), any), 0, Expr.UNBOUNDED), Expr.literal("}")));
        value.define(Expr.alt(new Expr.Call(object), array, string(), number(), Expr.choice(List.of("true", "false", "null"))));
        Rules.prepare(value, MAX_STATES);
    }

    private static Map<Whitespace, JsonSyntax> all() {
        final Map<Whitespace, JsonSyntax> all = new EnumMap<>(Whitespace.class);
        for (final Whitespace kind : Whitespace.values()) {
            all.put(kind, new JsonSyntax(kind));
        }
        Rules.prepare(INTEGER, MAX_STATES);
        return all;
    }

    /** @return the rules for that white space */
    public static JsonSyntax of(final Whitespace whitespace) {
        return ALL.get(whitespace);
    }

    private static Expr character() {
        final Expr hex2 = Expr.repeat(HEX, 2, 2);
        final Expr d = Expr.choice(List.of("d", "D"));
        final Expr high = Expr.seq(d, Expr.choice(List.of("8", "9", "a", "b", "A", "B")), hex2);
        final Expr low = Expr.seq(d, Expr.choice(List.of("c", "d", "e", "f", "C", "D", "E", "F")), hex2);
        final Expr notD = Expr.alt(Expr.range('0', '9'), Expr.range('a', 'c'), Expr.range('A', 'C'),
            Expr.choice(List.of("e", "f", "E", "F")));
        final Expr single = Expr.alt(Expr.seq(notD, HEX, hex2), Expr.seq(d, Expr.range('0', '7'), hex2));
        final Rule escape = Rule.shared("escape").define(Expr.alt(Expr.choice(List.of("\"", "\\", "/", "b", "f", "n", "r", "t")),
            Expr.seq(Expr.literal("u"), Expr.alt(single, Expr.seq(high, Expr.literal("\\u"), low)))));
        Rules.prepare(escape, MAX_STATES);
        return Expr.alt(Encoding.UTF8.of(Encoding.PLAIN), Expr.seq(Expr.literal("\\"), new Expr.Call(escape)));
    }

    /** @return any string with its quotation marks */
    static Expr string() {
        return new Expr.Call(STRING);
    }

    /** @return any number */
    static Expr number() {
        return new Expr.Call(NUMBER);
    }

    /** @return any whole number, without fraction or exponent */
    static Expr integer() {
        return new Expr.Call(INTEGER);
    }

    /** @return any value */
    public Rule value() {
        return value;
    }

    /** @return any object */
    public Rule object() {
        return object;
    }

    /** @return a colon and what may follow it */
    public Expr colon() {
        return switch (whitespace) {
            case COMPACT -> Expr.literal(":");
            case SPACED -> Expr.literal(": ");
            case FLEXIBLE -> Expr.seq(Expr.literal(":"), Expr.optional(Expr.literal(" ")));
        };
    }

    /** @return a comma and what may follow it */
    public Expr comma() {
        return switch (whitespace) {
            case COMPACT -> Expr.literal(",");
            case SPACED -> Expr.literal(", ");
            case FLEXIBLE -> Expr.seq(Expr.literal(","), new Expr.Call(BREAK));
        };
    }

    /** @return what may follow an opening bracket and precede a closing one, when something stands between */
    public Expr inside() {
        return whitespace == Whitespace.FLEXIBLE ? new Expr.Call(BREAK) : Expr.EMPTY;
    }

    /** @return {@code min} to {@code max} items with commas between, without the brackets */
    Expr items(final Expr item, final int min, final int max) {
        if (max == 0) {
            return Expr.EMPTY;
        }
        final Expr more = Expr.repeat(Expr.seq(comma(), item), Math.max(0, min - 1), max == Expr.UNBOUNDED ? max : max - 1);
        final Expr some = Expr.seq(inside(), item, more, inside());
        return min == 0 ? Expr.optional(some) : some;
    }

    /** @return parts in order, with commas between, and the white space around them */
    Expr inBrackets(final String open, final List<Expr> parts, final String close) {
        final List<Expr> all = new ArrayList<>();
        all.add(Expr.literal(open));
        for (int i = 0; i < parts.size(); i++) {
            all.add(i == 0 ? inside() : comma());
            all.add(parts.get(i));
        }
        if (!parts.isEmpty()) {
            all.add(inside());
        }
        all.add(Expr.literal(close));
        return Expr.seq(all);
    }
}
