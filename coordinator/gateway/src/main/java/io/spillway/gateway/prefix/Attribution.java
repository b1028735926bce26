package io.spillway.gateway.prefix;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Texts that clients put at the head of a system prompt to tell their server's accountants who asks. They change with every request and say
 * nothing to a model, but what stands at the head of a prompt decides whether anything behind it is found in a cache: so they are left out.
 * Only a line of its own that begins with such a text, at the very beginning of a system message, is taken for one. Stateless; any thread.
 */
public final class Attribution {
    /** What this hygiene is called where an answer says that it was done. */
    public static final String DROPPED = "attribution-dropped";
    private static final List<String> BEGINNINGS = List.of("x-anthropic-billing-header:");
    private static final Pattern LINE = Pattern.compile("\\A\\s*+(?:" + String.join("|", BEGINNINGS.stream().map(Pattern::quote).toList())
        + ")[^\\r\\n]*+(?:\\r?\\n)*+");

    private Attribution() {
    }

    /** @return the text without such lines at its beginning; the same object when there are none */
    public static String without(final String system) {
        String rest = system;
        for (Matcher line = LINE.matcher(rest); line.find(); line = LINE.matcher(rest)) {
            rest = rest.substring(line.end());
        }
        return rest;
    }

    /** @return whether {@link #without} would leave something out */
    public static boolean begins(final String system) {
        return LINE.matcher(system).find();
    }
}
