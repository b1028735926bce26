package io.spillway.text.template;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Filters that make text of what they are given. */
final class TextFilters {
    private TextFilters() {
    }

    static void addTo(final Map<String, Filters.Filter> all) {
        all.put("trim", (value, arguments, in) -> TextMethods.strip(Values.text(value), arguments.atMost(1, "chars").get(0, "chars", null), true, true));
        all.put("upper", (value, arguments, in) -> Values.text(none(value, arguments)).toUpperCase(Locale.ROOT));
        all.put("lower", (value, arguments, in) -> Values.text(none(value, arguments)).toLowerCase(Locale.ROOT));
        all.put("capitalize", (value, arguments, in) -> TextMethods.capitalize(Values.text(none(value, arguments))));
        all.put("title", (value, arguments, in) -> title(Values.text(none(value, arguments))));
        all.put("string", (value, arguments, in) -> Values.text(none(value, arguments)));
        all.put("safe", (value, arguments, in) -> Values.text(none(value, arguments)));
        all.put("replace", TextFilters::replace);
        all.put("indent", TextFilters::indent);
        all.put("join", TextFilters::join);
        all.put("tojson", TextFilters::tojson);
        all.put("wordcount", (value, arguments, in) ->
            (long) TextMethods.words(Values.text(none(value, arguments)), -1).size());
    }

    private static Object none(final Object value, final Arguments arguments) {
        arguments.atMost(0);
        return value;
    }

    /** Jinja's own: a word begins after white space, a hyphen or an opening bracket. */
    private static String title(final String text) {
        final StringBuilder out = new StringBuilder(text.length());
        boolean first = true;
        for (int i = 0; i < text.length(); i++) {
            final String c = text.substring(i, i + 1);
            out.append(first ? c.toUpperCase(Locale.ROOT) : c.toLowerCase(Locale.ROOT));
            first = PythonText.isSpace(c.charAt(0)) || "-({[<".contains(c);
        }
        return out.toString();
    }

    private static Object replace(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(3, "old", "new", "count");
        final Object count = arguments.get(2, "count", null);
        return TextMethods.replace(Values.text(value), arguments.text(0, "old"), arguments.text(1, "new"),
            count == null ? -1 : Numbers.integer(count), in.meter());
    }

    private static Object indent(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(3, "width", "first", "blank");
        final Object width = arguments.get(0, "width", 4L);
        final String space = width instanceof String text ? text : repeated(Numbers.integer(width), in);
        final boolean blank = Values.truth(arguments.get(2, "blank", false));
        final List<String> lines = TextMethods.lines(Values.text(value) + "\n");
        in.meter().chars((long) lines.size() * space.length() + Values.text(value).length());
        final StringBuilder out = new StringBuilder(Values.truth(arguments.get(1, "first", false)) ? space : "");
        for (int i = 0; i < lines.size(); i++) {
            out.append(i == 0 ? "" : "\n").append(i > 0 && (blank || !lines.get(i).isEmpty()) ? space : "").append(lines.get(i));
        }
        return out.toString();
    }

    private static String repeated(final long width, final Evaluator in) {
        in.meter().chars(Math.max(0, width));
        return " ".repeat((int) Math.max(0, width));
    }

    private static Object join(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(2, "d", "attribute");
        final Object attribute = arguments.get(1, "attribute", null);
        final List<Object> items = Values.iterate(value);
        in.meter().items(items.size());
        final List<String> texts = items.stream()
            .map(item -> Values.text(attribute == null ? item : ListFilters.path(item, attribute, in))).toList();
        final String between = Values.text(arguments.get(0, "d", ""));
        in.meter().chars(texts.stream().mapToLong(text -> text.length() + between.length()).sum());
        return texts.stream().collect(Collectors.joining(between));
    }

    private static Object tojson(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(4, "ensure_ascii", "indent", "separators", "sort_keys");
        final String indent = switch (arguments.get(1, "indent", null)) {
            case null -> null;
            case String text -> text;
            case Object width -> repeated(Numbers.integer(width), in);
        };
        final Object separators = arguments.get(2, "separators", null);
        final List<Object> pair = separators == null ? List.of(indent == null ? ", " : ",", ": ") : Values.iterate(separators);
        if (pair.size() != 2) {
            throw new TemplateFault("'separators' wants two texts");
        }
        final String json = JsonText.of(value, new JsonText.Options(indent, Values.text(pair.get(0)), Values.text(pair.get(1)),
            Values.truth(arguments.get(3, "sort_keys", false)), Values.truth(arguments.get(0, "ensure_ascii", false))));
        in.meter().chars(json.length());
        return json;
    }
}
