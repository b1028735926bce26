package io.spillway.text.template;

import io.spillway.domain.time.EpochClock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The functions that every template can call. */
final class Globals {
    private static final int MAX_RANGE = 100_000;
    private static final String DATE_LETTERS = "YmdHMSyjpIABabf";
    private static final List<String> DATE_PATTERNS = List.of(
        "uuuu", "MM", "dd", "HH", "mm", "ss", "uu", "DDD", "a", "hh", "EEEE", "MMMM", "EEE", "MMM", "SSSSSS");

    private Globals() {
    }

    static void addTo(final Scope scope, final Meter meter, final EpochClock clock) {
        scope.set("range", (Callable) arguments -> range(arguments, meter));
        scope.set("namespace", (Callable) arguments -> new Namespace(names(arguments)));
        scope.set("dict", (Callable) arguments -> new LinkedHashMap<Object, Object>(names(arguments)));
        scope.set("raise_exception", (Callable) arguments -> {
            throw new TemplateFault("refused the conversation: " + arguments.atMost(1, "message").text(0, "message"));
        });
        scope.set("strftime_now", (Callable) arguments ->
            date(arguments.atMost(1, "format").text(0, "format"), Instant.ofEpochMilli(clock.epochMillis()).atZone(ZoneOffset.UTC)));
    }

    private static Map<String, Object> names(final Arguments arguments) {
        final Map<String, Object> names = new LinkedHashMap<>();
        if (arguments.positional().size() > 1 || !arguments.positional().stream().allMatch(Map.class::isInstance)) {
            throw new TemplateFault("wants one dict or named arguments");
        }
        for (final Object dict : arguments.positional()) {
            ((Map<?, ?>) dict).forEach((key, value) -> names.put(Values.text(key), value));
        }
        names.putAll(arguments.named());
        return names;
    }

    private static Object range(final Arguments arguments, final Meter meter) {
        arguments.atMost(3);
        final long first = Numbers.integer(arguments.require(0, "stop"));
        final boolean one = arguments.positional().size() == 1;
        final long start = one ? 0 : first;
        final long stop = one ? first : Numbers.integer(arguments.get(1, "stop", null));
        final long step = Numbers.integer(arguments.get(2, "step", 1L));
        if (step == 0) {
            throw new TemplateFault("the step of a range is zero");
        }
        final List<Object> items = new ArrayList<>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
            if (items.size() >= MAX_RANGE) {
                throw new TemplateFault("a range of over " + MAX_RANGE + " items");
            }
            items.add(i);
        }
        meter.items(items.size());
        return new Tuple(items);
    }

    /** The directives of {@code strftime} that templates use, in UTC, so that every replica renders the same. */
    private static String date(final String format, final ZonedDateTime now) {
        final StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            final char c = format.charAt(i);
            if (c != '%') {
                out.append(c);
                continue;
            }
            i++;
            final boolean bare = i < format.length() && format.charAt(i) == '-';
            i += bare ? 1 : 0;
            final String shown = directive(i < format.length() ? format.charAt(i) : ' ', now);
            out.append(bare && shown.length() > 1 ? shown.replaceFirst("^0+(?=.)", "") : shown);
        }
        return out.toString();
    }

    private static String directive(final char letter, final ZonedDateTime now) {
        if (letter == '%') {
            return "%";
        }
        final int place = DATE_LETTERS.indexOf(letter);
        if (place < 0) {
            throw new TemplateFault("strftime_now does not know '%" + letter + "'");
        }
        return DateTimeFormatter.ofPattern(DATE_PATTERNS.get(place), Locale.ENGLISH).format(now);
    }
}
