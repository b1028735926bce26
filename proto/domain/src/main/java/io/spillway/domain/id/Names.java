package io.spillway.domain.id;

import java.util.regex.Pattern;

/** The one rule every name obeys, so that names are safe in logs, metrics, headers and file names. */
final class Names {
    static final int NAME_CHARS_MAX = 200;
    private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/@+-]{0," + (NAME_CHARS_MAX - 1) + "}");

    private Names() {
    }

    /** @return {@code value}; throws {@link IllegalArgumentException} naming {@code kind} if it breaks the rule */
    static String check(final String kind, final String value) {
        if (value == null || !ALLOWED.matcher(value).matches()) {
            throw new IllegalArgumentException(kind + " must be 1 to " + NAME_CHARS_MAX
                + " characters of [A-Za-z0-9._:/@+-], starting with a letter or digit");
        }
        return value;
    }
}
