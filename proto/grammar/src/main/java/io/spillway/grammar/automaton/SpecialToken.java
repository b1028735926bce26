package io.spillway.grammar.automaton;

import java.nio.charset.StandardCharsets;

/**
 * How tokens that steer stand among bytes: their text, in bytes that no text begins with, between two bytes that no text has. Text can
 * never be taken for such a token, nor any part of the token for text.
 */
public final class SpecialToken {
    private static final byte BEFORE = (byte) 0xff;
    private static final byte AFTER = (byte) 0xfe;
    private static final int HALF = 4;

    private SpecialToken() {
    }

    /** @return the bytes that stand for the token of that text */
    public static byte[] bytes(final byte[] text) {
        final byte[] bytes = new byte[2 * text.length + 2];
        bytes[0] = BEFORE;
        for (int i = 0; i < text.length; i++) {
            bytes[2 * i + 1] = (byte) (0x80 | (text[i] & 0xff) >> HALF);
            bytes[2 * i + 2] = (byte) (0x90 | text[i] & 0xf);
        }
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
