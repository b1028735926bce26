package io.spillway.gateway.responses;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Takes the text of a custom tool's call out of the JSON that the model wrote around it, as it comes. What does not look as expected is
 * the text itself. Owned by one thread.
 */
final class CustomInput {
    /** The only argument of the function that stands for a custom tool. */
    static final String FIELD = "input";
    private static final Pattern BEGIN = Pattern.compile("\\s*\\{\\s*\"" + FIELD + "\"\\s*:\\s*\"");
    private static final int HEX = 16;
    private static final int UNICODE_DIGITS = 4;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final StringBuilder raw = new StringBuilder();
    private final StringBuilder text = new StringBuilder();
    private int at = -1; // next char of raw to decode; -1: the text has not begun
    private boolean closed;

    /** @return what has become certain of the text; may be "" */
    String take(final String fragment) {
        raw.append(fragment);
        if (at < 0) {
            final Matcher begin = BEGIN.matcher(raw);
            if (!begin.lookingAt()) {
                return "";
            }
            at = begin.end();
        }
        final int before = text.length();
        while (!closed && decodeOne()) {
            // each step decodes one character
        }
        return told(before);
    }

    /** @return what was held back; call once, when the call is complete */
    String end() {
        final int before = text.length();
        if (at < 0) {
            text.append(whole());
        } else if (!closed && held() > 0) {
            text.append(raw, at, raw.length());
        }
        return text.substring(before - heldSurrogate(before));
    }

    /** @return the text so far */
    String text() {
        return text.toString();
    }

    private int held() {
        return raw.length() - at;
    }

    /** A pair of surrogates is told as one: half of it has no UTF-8. */
    private String told(final int before) {
        return text.substring(before - heldSurrogate(before), text.length() - heldSurrogate(text.length()));
    }

    private int heldSurrogate(final int end) {
        return end > 0 && Character.isHighSurrogate(text.charAt(end - 1)) ? 1 : 0;
    }

    private boolean decodeOne() {
        if (at >= raw.length()) {
            return false;
        }
        final char c = raw.charAt(at);
        if (c == '"') {
            closed = true;
            return true;
        }
        if (c != '\\') {
            text.append(c);
            at++;
            return true;
        }
        return at + 1 < raw.length() && decodeEscape(raw.charAt(at + 1));
    }

    private boolean decodeEscape(final char kind) {
        if (kind != 'u') {
            text.append(switch (kind) {
                case 'n' -> '\n';
                case 't' -> '\t';
                case 'r' -> '\r';
                case 'b' -> '\b';
                case 'f' -> '\f';
                default -> kind;
            });
            at += 2;
            return true;
        }
        final int end = at + 2 + UNICODE_DIGITS;
        if (end > raw.length()) {
            return false;
        }
        final String digits = raw.substring(at + 2, end);
        if (digits.chars().allMatch(digit -> Character.digit(digit, HEX) >= 0)) {
            text.append((char) Integer.parseInt(digits, HEX));
        } else {
            text.append(raw, at, end);
        }
        at = end;
        return true;
    }

    /** @return the argument where it is not the first; else all that was written */
    private String whole() {
        try {
            final JsonNode input = JSON.readTree(raw.toString()).path(FIELD);
            return input.isTextual() ? input.textValue() : raw.toString();
        } catch (final JsonProcessingException e) {
            // The model wrote something else than JSON: that is what the tool gets to see.
            return raw.toString();
        }
    }
}
