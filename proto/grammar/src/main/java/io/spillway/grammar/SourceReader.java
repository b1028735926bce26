package io.spillway.grammar;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.automaton.Expr;
import io.spillway.grammar.automaton.SpecialToken;
import io.spillway.grammar.gbnf.GbnfParser;
import io.spillway.grammar.regex.Encoding;
import io.spillway.grammar.regex.RegexParser;
import io.spillway.grammar.schema.JsonSyntax;
import io.spillway.grammar.schema.SchemaCompiler;
import io.spillway.grammar.schema.Whitespace;
import java.util.ArrayList;
import java.util.List;

/** Turns sources into expressions. Owned by one thread. */
final class SourceReader {
    private static final int MAX_DEPTH = 50;
    private static final int MAX_TIMES = 10_000;

    private final List<String> notes = new ArrayList<>();
    private int depth;

    Expr read(final GrammarSource source) {
        if (++depth > MAX_DEPTH) {
            throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "a grammar's parts are nested deeper than " + MAX_DEPTH);
        }
        final Expr expr = switch (source) {
            case GrammarSource.JsonSchema(final String schema, final boolean strict, final Whitespace whitespace) ->
                schema(SchemaCompiler.compile(schema, strict, whitespace));
            case GrammarSource.JsonObject(final Whitespace whitespace) -> new Expr.Call(JsonSyntax.of(whitespace).object());
            case GrammarSource.Regex(final String regex) -> RegexParser.parse(regex).whole(Encoding.UTF8);
            case GrammarSource.Gbnf(final String grammar) -> new Expr.Call(GbnfParser.parse(grammar));
            case GrammarSource.Choice(final List<String> texts) -> Expr.choice(texts);
            case GrammarSource.Literal(final String text) -> Expr.literal(text);
            case GrammarSource.Marker(final String text) -> SpecialToken.orText(text);
            case GrammarSource.Sequence(final List<GrammarSource> parts) -> Expr.seq(parts.stream().map(this::read).toList());
            case GrammarSource.AnyOf(final List<GrammarSource> branches) -> Expr.alt(branches.stream().map(this::read).toList());
            case GrammarSource.Repeat repeat -> repeat(repeat);
            case GrammarSource.Without(final String text) -> new TriggerText(List.of(text)).without();
            case GrammarSource.Until(final String marker, final GrammarSource follows) ->
                new TriggerText(List.of(marker)).until(read(follows));
            case GrammarSource.Triggered triggered -> new TriggerText(triggered.triggers().stream()
                .map(GrammarSource.Triggered.Trigger::text).toList()).expr(triggered.triggers().stream()
                .map(trigger -> read(trigger.follows())).toList(), triggered.again());
        };
        depth--;
        return expr;
    }

    private Expr schema(final SchemaCompiler.Compiled compiled) {
        notes.addAll(compiled.notes());
        return new Expr.Call(compiled.rule());
    }

    private Expr repeat(final GrammarSource.Repeat repeat) {
        final int max = repeat.max();
        if (repeat.min() < 0 || max != GrammarSource.UNBOUNDED && max < repeat.min() || Math.max(repeat.min(), max) > MAX_TIMES) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "a repetition is from 0 to " + MAX_TIMES + " times, the least first");
        }
        if (max == 0) {
            return Expr.EMPTY;
        }
        final Expr body = read(repeat.body());
        final Expr more = Expr.repeat(Expr.seq(read(repeat.separator()), body), Math.max(0, repeat.min() - 1),
            max == GrammarSource.UNBOUNDED ? Expr.UNBOUNDED : max - 1);
        final Expr some = Expr.seq(body, more);
        return repeat.min() == 0 ? Expr.optional(some) : some;
    }

    List<String> notes() {
        return List.copyOf(notes);
    }
}
