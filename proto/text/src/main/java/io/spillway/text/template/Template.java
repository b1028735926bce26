package io.spillway.text.template;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.EpochClock;
import java.util.List;
import java.util.Map;

/**
 * A compiled chat template. Immutable; any thread may render it, each rendering is independent.
 *
 * <p>Errors, at compiling and at rendering alike, are {@code TEMPLATE_FAILED} with the template's line in the message. An unknown tag,
 * filter, test or method is such an error, never left out in silence. No prompt text goes into a message.
 */
public final class Template {
    private static final int MAX_SOURCE_CHARS = 1 << 20;

    private final List<Statement> body;
    private final RenderLimits limits;
    private final EpochClock clock;

    private Template(final List<Statement> body, final RenderLimits limits, final EpochClock clock) {
        this.body = body;
        this.limits = limits;
        this.clock = clock;
    }

    /** @param clock for {@code strftime_now} */
    public static Template compile(final String source, final EpochClock clock) {
        return compile(source, RenderLimits.DEFAULT, clock);
    }

    /** @throws SpillwayException {@code TEMPLATE_FAILED}: a syntax error, or something this interpreter does not know */
    public static Template compile(final String source, final RenderLimits limits, final EpochClock clock) {
        if (source.length() > MAX_SOURCE_CHARS) {
            throw failed(new TemplateFault("is longer than " + MAX_SOURCE_CHARS + " characters", 1), 1);
        }
        try {
            return new Template(new StatementParser(new SourceLexer(source).tokens()).template(), limits, clock);
        } catch (final TemplateFault fault) {
            throw failed(fault, 1);
        }
    }

    /**
     * @param variables what the template sees, as JSON-like values; not modified. A name that is absent is undefined
     * @throws SpillwayException {@code TEMPLATE_FAILED}: the template refused these values, or a limit was reached
     */
    public String render(final Map<String, Object> variables) {
        final Meter meter = new Meter(limits);
        final Evaluator evaluator = new Evaluator(meter);
        try {
            final Scope globals = new Scope(null);
            Globals.addTo(globals, meter, clock);
            final Scope scope = new Scope(globals);
            variables.forEach((name, value) -> scope.set(name, Values.fromJava(value)));
            final StringBuilder out = new StringBuilder();
            new Renderer(meter, evaluator).run(body, scope, out);
            return out.toString();
        } catch (final TemplateFault fault) {
            throw failed(fault, evaluator.line());
        }
    }

    private static SpillwayException failed(final TemplateFault fault, final int line) {
        return new SpillwayException(ErrorCode.TEMPLATE_FAILED,
            "chat template, line " + (fault.line() > 0 ? fault.line() : line) + ": " + fault.getMessage());
    }
}
