package io.spillway.grammar.automaton;

import java.nio.charset.StandardCharsets;

/**
 * How tokens that steer stand among bytes: their text between two bytes that no text has. Text can never be taken for such a token,
 * nor the token for its text.
 */
public final class SpecialToken {
    private static final byte BEFORE = (byte) 0xff;
    private static final byte AFTER = (byte) 0xfe;

    private SpecialToken() {
    }

    /** @return the bytes that stand for the token of that text */
    public static byte[] bytes(final byte[] text) {
        final byte[] bytes = new byte[text.length + 2];
        bytes[0] = BEFORE;
        System.arraycopy(text, 0, bytes, 1, text.length);
        bytes[bytes.length - 1] = AFTER;
        return bytes;
    }

    /** @return whether a byte can be part of no text: only of a special token */
    public static boolean isReserved(final byte value) {
        return value == BEFORE || value == AFTER;
    }

    /** @return the token of that text, or the text spelled out: which of the two a vocabulary has differs between models */
    public static Expr orText(final String text) {
        return Expr.alt(Expr.literal(text), new Expr.Literal(bytes(text.getBytes(StandardCharsets.UTF_8))));
    }
}
