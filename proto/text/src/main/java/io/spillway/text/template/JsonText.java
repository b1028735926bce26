package io.spillway.text.template;

import java.math.BigInteger;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** {@code json.dumps} as Hugging Face's {@code tojson} calls it: key order kept, nothing escaped that JSON allows. */
final class JsonText {
    private static final int MAX_DEPTH = 100;

    private final Options options;
    private final StringBuilder out = new StringBuilder();

    /**
     * @param indent    what one level is indented by; null = all in one line
     * @param between   what stands between items
     * @param afterKey  what stands after a key
     * @param sortKeys  whether keys are sorted
     * @param asciiOnly whether what is not ASCII is escaped
     */
    record Options(String indent, String between, String afterKey, boolean sortKeys, boolean asciiOnly) {
        static final Options PLAIN = new Options(null, ", ", ": ", false, false);
    }

    private JsonText(final Options options) {
        this.options = options;
    }

    static String of(final Object value, final Options options) {
        final JsonText text = new JsonText(options);
        text.value(value, 0);
        return text.out.toString();
    }

    private void value(final Object value, final int depth) {
        if (depth > MAX_DEPTH) {
            throw new TemplateFault("a value nests deeper than " + MAX_DEPTH);
        }
        switch (value) {
            case null -> out.append("null");
            case Boolean flag -> out.append(flag);
            case String text -> string(text);
            case Long number -> out.append(number);
            case BigInteger number -> out.append(number);
            case Double real -> out.append(real(real));
            case List<?> list -> list(list, depth);
            case Map<?, ?> map -> map(map, depth);
            default -> throw new TemplateFault("a value of type " + Values.typeName(value) + " has no JSON form");
        }
    }

    private static String real(final double real) {
        if (Double.isNaN(real)) {
            return "NaN";
        }
        return Double.isInfinite(real) ? real > 0 ? "Infinity" : "-Infinity" : PythonText.real(real);
    }

    private void list(final List<?> list, final int depth) {
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
            out.append(i == 0 ? "" : options.between());
            line(depth + 1);
            value(list.get(i), depth + 1);
        }
        if (!list.isEmpty()) {
            line(depth);
        }
        out.append(']');
    }

    private void map(final Map<?, ?> map, final int depth) {
        out.append('{');
        boolean first = true;
        for (final Map.Entry<?, ?> entry : ordered(map)) {
            out.append(first ? "" : options.between());
            first = false;
            line(depth + 1);
            string(key(entry.getKey()));
            out.append(options.afterKey());
            value(entry.getValue(), depth + 1);
        }
        if (!map.isEmpty()) {
            line(depth);
        }
        out.append('}');
    }

    private List<? extends Map.Entry<?, ?>> ordered(final Map<?, ?> map) {
        return options.sortKeys()
            ? map.entrySet().stream().sorted(Comparator.comparing(Map.Entry::getKey, Values::compare)).toList()
            : List.copyOf(map.entrySet());
    }

    private static String key(final Object key) {
        return switch (key) {
            case String text -> text;
            case null -> "null";
            case Boolean flag -> flag.toString();
            case Long number -> number.toString();
            case BigInteger number -> number.toString();
            case Double real -> real(real);
            default -> throw new TemplateFault("a " + Values.typeName(key) + " cannot be a JSON key");
        };
    }

    private void line(final int depth) {
        if (options.indent() != null) {
            out.append('\n').repeat(options.indent(), depth);
        }
    }

    private void string(final String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            final char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < 0x20 || options.asciiOnly() && c > 0x7e) {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
