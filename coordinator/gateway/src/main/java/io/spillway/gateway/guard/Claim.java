package io.spillway.gateway.guard;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Something that an answer may say, which must then be true. It is held against the same kind of contract as a call, with the
 * pattern's named groups for arguments.
 *
 * @param pattern   found anywhere in an answer, as often as it occurs
 * @param otherwise the operator's own answer, with {@code {NAME}} for arguments, for when the last attempt claims it still
 */
record Claim(Pattern pattern, ToolContract contract, Optional<String> otherwise) {
    /** Arguments of tools have underscores, names of groups may not. */
    private static final Pattern GROUP = Pattern.compile("\\(\\?<([A-Za-z]\\w*)>");
    private static final String UNDERSCORE = "U95U";

    /** @return the pattern of that text, whose names of groups may have underscores; throws PatternSyntaxException */
    static Pattern compile(final String text) {
        return Pattern.compile(GROUP.matcher(text).replaceAll(group -> "(?<" + group.group(1).replace("_", UNDERSCORE) + ">"));
    }

    /**
     * The claim as an answer makes it.
     *
     * @param arguments by the groups' names
     * @param spans     where those stand in the answer: begin, end
     */
    record Occurrence(Map<String, Object> arguments, Map<String, int[]> spans) {
        /** @return {@code answer} with another value of one argument */
        String put(final String answer, final String argument, final String value) {
            final int[] span = spans.get(argument);
            return answer.substring(0, span[0]) + value + answer.substring(span[1]);
        }
    }

    /** @return every occurrence in {@code answer} */
    List<Occurrence> occurrences(final String answer) {
        final Matcher matcher = pattern.matcher(answer);
        final List<Occurrence> found = new ArrayList<>();
        while (matcher.find()) {
            final Occurrence occurrence = new Occurrence(new LinkedHashMap<>(), new LinkedHashMap<>());
            pattern.namedGroups().keySet().stream().filter(name -> matcher.group(name) != null).forEach(name -> {
                final String argument = name.replace(UNDERSCORE, "_");
                occurrence.arguments().put(argument, matcher.group(name));
                occurrence.spans().put(argument, new int[] {matcher.start(name), matcher.end(name)});
            });
            found.add(occurrence);
        }
        return found;
    }
}
