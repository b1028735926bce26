package io.spillway.gateway.guard;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Something that an answer may say, which must then be true. It is held against the same kind of contract as a call, with the
 * pattern's named groups for arguments.
 *
 * @param pattern found anywhere in an answer, as often as it occurs
 */
record Claim(Pattern pattern, ToolContract contract) {
    /** Arguments of tools have underscores, names of groups may not. */
    private static final Pattern GROUP = Pattern.compile("\\(\\?<([A-Za-z]\\w*)>");
    private static final String UNDERSCORE = "U95U";

    /** @return the pattern of that text, whose names of groups may have underscores; throws PatternSyntaxException */
    static Pattern compile(final String text) {
        return Pattern.compile(GROUP.matcher(text).replaceAll(group -> "(?<" + group.group(1).replace("_", UNDERSCORE) + ">"));
    }

    /** @return the arguments of every occurrence in {@code answer} */
    Stream<Map<String, Object>> occurrences(final String answer) {
        final List<String> names = List.copyOf(pattern.namedGroups().keySet());
        final Matcher matcher = pattern.matcher(answer);
        return Stream.iterate(matcher.find(), found -> found, found -> matcher.find()).map(found -> {
            final Map<String, Object> arguments = new LinkedHashMap<>();
            names.stream().filter(name -> matcher.group(name) != null).forEach(name -> arguments.put(name.replace(UNDERSCORE, "_"), matcher.group(name)));
            return arguments;
        }).toList().stream();
    }
}
