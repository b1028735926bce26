package io.spillway.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;

/** Python's methods of {@code str}. */
final class TextMethods {
    private static final Set<String> UNSUPPORTED = Set.of("casefold", "center", "encode", "expandtabs", "format", "format_map",
        "isascii", "isdecimal", "isidentifier", "isnumeric", "isprintable", "istitle", "maketrans", "swapcase", "translate");

    private TextMethods() {
    }

    /** @return the bound method, or null when {@code str} has none of that name */
    static Callable of(final String text, final String name, final Meter meter) {
        final Callable transform = transform(text, name, meter);
        return transform != null ? transform : query(text, name, meter);
    }

    private static Callable transform(final String text, final String name, final Meter meter) {
        return switch (name) {
            case "strip" -> arguments -> strip(text, chars(arguments), true, true);
            case "lstrip" -> arguments -> strip(text, chars(arguments), true, false);
            case "rstrip" -> arguments -> strip(text, chars(arguments), false, true);
            case "upper" -> arguments -> charged(text, arguments, meter).toUpperCase(Locale.ROOT);
            case "lower" -> arguments -> charged(text, arguments, meter).toLowerCase(Locale.ROOT);
            case "title" -> arguments -> title(charged(text, arguments, meter));
            case "capitalize" -> arguments -> capitalize(charged(text, arguments, meter));
            case "replace" -> arguments -> replace(text, arguments.atMost(3, "count").text(0, "old"), arguments.text(1, "new"),
                Numbers.integer(arguments.get(2, "count", -1L)), meter);
            case "split" -> arguments -> split(text, arguments.atMost(2, "sep", "maxsplit"), meter);
            case "rsplit" -> arguments -> rsplit(text, arguments.atMost(2, "sep", "maxsplit"), meter);
            case "splitlines" -> arguments -> new ArrayList<Object>(lines(charged(text, arguments, meter)));
            case "join" -> arguments -> join(text, arguments.atMost(1).require(0, "iterable"), meter);
            case "removeprefix" -> arguments -> {
                final String prefix = arguments.atMost(1).text(0, "prefix");
                return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
            };
            case "removesuffix" -> arguments -> {
                final String suffix = arguments.atMost(1).text(0, "suffix");
                return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
            };
            case "partition" -> arguments -> partition(text, arguments, text.indexOf(arguments.atMost(1).text(0, "sep")), true);
            case "rpartition" -> arguments -> partition(text, arguments, text.lastIndexOf(arguments.atMost(1).text(0, "sep")), false);
            case "ljust", "rjust", "zfill" -> arguments -> pad(text, name, arguments.atMost(2), meter);
            default -> null;
        };
    }

    private static Callable query(final String text, final String name, final Meter meter) {
        return switch (name) {
            case "startswith" -> arguments -> anyOf(arguments, text::startsWith);
            case "endswith" -> arguments -> anyOf(arguments, text::endsWith);
            case "find" -> arguments -> place(text, text.indexOf(arguments.atMost(1).text(0, "sub")));
            case "rfind" -> arguments -> place(text, text.lastIndexOf(arguments.atMost(1).text(0, "sub")));
            case "index" -> arguments -> {
                final long place = place(text, text.indexOf(arguments.atMost(1).text(0, "sub")));
                if (place < 0) {
                    throw new TemplateFault("the text is not in the text");
                }
                return place;
            };
            case "count" -> arguments -> {
                meter.chars(text.length());
                return count(text, arguments.atMost(1).text(0, "sub"));
            };
            case "isdigit" -> arguments -> all(text, arguments, Character::isDigit);
            case "isalpha" -> arguments -> all(text, arguments, Character::isLetter);
            case "isalnum" -> arguments -> all(text, arguments, Character::isLetterOrDigit);
            case "isspace" -> arguments -> all(text, arguments, PythonText::isSpace);
            case "isupper" -> arguments -> cased(charged(text, arguments, meter), Character::isLowerCase);
            case "islower" -> arguments -> cased(charged(text, arguments, meter), Character::isUpperCase);
            default -> unsupported(name);
        };
    }

    private static Callable unsupported(final String name) {
        if (!UNSUPPORTED.contains(name)) {
            return null;
        }
        return arguments -> {
            throw new TemplateFault("method '" + name + "' of str is not supported");
        };
    }

    private static String charged(final String text, final Arguments arguments, final Meter meter) {
        arguments.atMost(0, "keepends");
        meter.chars(text.length());
        return text;
    }

    private static Object chars(final Arguments arguments) {
        return arguments.atMost(1).get(0, "chars", null);
    }

    /** @param chars the characters to strip; null = white space */
    static String strip(final String text, final Object chars, final boolean left, final boolean right) {
        if (chars == null) {
            final String start = left ? PythonText.leftStrip(text) : text;
            return right ? PythonText.rightStrip(start) : start;
        }
        final String set = Values.text(chars);
        int from = 0;
        int to = text.length();
        while (left && from < to && set.indexOf(text.codePointAt(from)) >= 0) {
            from += Character.charCount(text.codePointAt(from));
        }
        while (right && to > from && set.indexOf(text.codePointBefore(to)) >= 0) {
            to -= Character.charCount(text.codePointBefore(to));
        }
        return text.substring(from, to);
    }

    static String capitalize(final String text) {
        if (text.isEmpty()) {
            return text;
        }
        final int first = Character.charCount(text.codePointAt(0));
        return text.substring(0, first).toUpperCase(Locale.ROOT) + text.substring(first).toLowerCase(Locale.ROOT);
    }

    private static String title(final String text) {
        final StringBuilder out = new StringBuilder(text.length());
        boolean inWord = false;
        for (final int c : text.codePoints().toArray()) {
            out.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = Character.isLetter(c);
        }
        return out.toString();
    }

    /** @param count how often at most; below 0 = always */
    static String replace(final String text, final String old, final String now, final long count, final Meter meter) {
        final long found = old.isEmpty() ? text.codePointCount(0, text.length()) + 1L : count(text, old);
        final long times = count < 0 ? found : Math.min(count, found);
        meter.chars(text.length() + times * Math.max(0, now.length() - old.length()));
        final StringBuilder out = new StringBuilder();
        int at = 0;
        for (long i = 0; i < times; i++) {
            final int hit = old.isEmpty() ? i == 0 ? 0 : text.offsetByCodePoints(at, 1) : text.indexOf(old, at);
            out.append(text, at, hit).append(now);
            at = hit + old.length();
        }
        return out.append(text, at, text.length()).toString();
    }

    private static long count(final String text, final String part) {
        if (part.isEmpty()) {
            return text.codePointCount(0, text.length()) + 1L;
        }
        long count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    private static Object split(final String text, final Arguments arguments, final Meter meter) {
        meter.chars(text.length());
        final Object separator = arguments.get(0, "sep", null);
        final long most = Numbers.integer(arguments.get(1, "maxsplit", -1L));
        if (separator == null) {
            return words(text, most);
        }
        final String between = separator(separator);
        final List<Object> parts = new ArrayList<>();
        int at = 0;
        for (int hit = text.indexOf(between); hit >= 0 && (most < 0 || parts.size() < most); hit = text.indexOf(between, at)) {
            parts.add(text.substring(at, hit));
            at = hit + between.length();
        }
        parts.add(text.substring(at));
        meter.items(parts.size());
        return parts;
    }

    private static Object rsplit(final String text, final Arguments arguments, final Meter meter) {
        final Object separator = arguments.get(0, "sep", null);
        final long most = Numbers.integer(arguments.get(1, "maxsplit", -1L));
        if (most < 0) {
            return split(text, arguments, meter);
        }
        if (separator == null) {
            throw new TemplateFault("'rsplit' by white space with a limit is not supported");
        }
        meter.chars(text.length());
        final String between = separator(separator);
        final List<Object> parts = new ArrayList<>();
        int end = text.length();
        for (int hit = text.lastIndexOf(between); hit >= 0 && parts.size() < most;
             hit = end < between.length() ? -1 : text.lastIndexOf(between, end - between.length())) {
            parts.addFirst(text.substring(hit + between.length(), end));
            end = hit;
        }
        parts.addFirst(text.substring(0, end));
        return parts;
    }

    private static String separator(final Object separator) {
        final String between = Values.text(separator);
        if (between.isEmpty()) {
            throw new TemplateFault("an empty separator");
        }
        return between;
    }

    /** Splits at white space. @param most splits at most; below 0 = no limit */
    static List<Object> words(final String text, final long most) {
        final List<Object> words = new ArrayList<>();
        String rest = PythonText.leftStrip(text);
        while (!rest.isEmpty()) {
            int end = 0;
            while (end < rest.length() && !PythonText.isSpace(rest.charAt(end))) {
                end++;
            }
            if (most >= 0 && words.size() == most) {
                words.add(PythonText.rightStrip(rest));
                return words;
            }
            words.add(rest.substring(0, end));
            rest = PythonText.leftStrip(rest.substring(end));
        }
        return words;
    }

    /** As {@code splitlines}: the line ends of Unicode, none kept, no empty line after the last one. */
    static List<String> lines(final String text) {
        final List<String> lines = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            final char c = text.charAt(i);
            if (c >= '\n' && c <= '\r' || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029) {
                lines.add(text.substring(from, i));
                i += c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n' ? 1 : 0;
                from = i + 1;
            }
        }
        if (from < text.length()) {
            lines.add(text.substring(from));
        }
        return lines;
    }

    private static Object join(final String between, final Object items, final Meter meter) {
        final StringBuilder out = new StringBuilder();
        boolean first = true;
        for (final Object item : Values.iterate(items)) {
            if (!(item instanceof String text)) {
                throw new TemplateFault("'join' wants texts, got " + Values.typeName(item));
            }
            meter.chars((long) between.length() + text.length());
            out.append(first ? "" : between).append(text);
            meter.chars(out.length());
            first = false;
        }
        return out.toString();
    }

    private static Object partition(final String text, final Arguments arguments, final int hit, final boolean first) {
        final String separator = separator(arguments.require(0, "sep"));
        if (hit < 0) {
            return first ? Tuple.of(text, "", "") : Tuple.of("", "", text);
        }
        return Tuple.of(text.substring(0, hit), separator, text.substring(hit + separator.length()));
    }

    private static Object pad(final String text, final String name, final Arguments arguments, final Meter meter) {
        final long missing = Math.max(0, Numbers.integer(arguments.require(0, "width")) - Values.length(text));
        meter.chars(text.length() + missing);
        final String fill = (name.equals("zfill") ? "0" : Values.text(arguments.get(1, "fillchar", " "))).repeat((int) missing);
        final boolean signed = name.equals("zfill") && !text.isEmpty() && "+-".indexOf(text.charAt(0)) >= 0;
        return name.equals("ljust") ? text + fill : signed ? text.charAt(0) + fill + text.substring(1) : fill + text;
    }

    private static boolean anyOf(final Arguments arguments, final java.util.function.Predicate<String> test) {
        final Object wanted = arguments.atMost(1).require(0, "affix");
        if (wanted instanceof Tuple tuple) {
            return tuple.stream().map(Values::text).anyMatch(test);
        }
        if (wanted instanceof String text) {
            return test.test(text);
        }
        throw new TemplateFault("expected a text, got " + Values.typeName(wanted));
    }

    private static long place(final String text, final int hit) {
        return hit < 0 ? -1 : text.codePointCount(0, hit);
    }

    private static boolean all(final String text, final Arguments arguments, final IntPredicate test) {
        arguments.atMost(0);
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }

    /** @return whether there is a cased character and none of the unwanted case */
    static boolean cased(final String text, final IntPredicate unwanted) {
        return text.codePoints().anyMatch(c -> Character.isUpperCase(c) || Character.isLowerCase(c)) && text.codePoints().noneMatch(unwanted);
    }
}
