package io.spillway.text.tokenizer;

/**
 * Decodes UTF-8 that comes in pieces. What can still become a character is held back; what cannot becomes U+FFFD, one for each longest
 * start of a character, as Python's {@code errors="replace"} does. Owned by one thread.
 */
public final class Utf8Decoder {
    private static final char REPLACEMENT = '\uFFFD';

    private int missing;
    private int codePoint;
    private int low;
    private int high;

    /** Appends every character that is complete now. */
    public void accept(final byte[] bytes, final StringBuilder out) {
        for (final byte signed : bytes) {
            accept(signed & 0xff, out);
        }
    }

    private void accept(final int value, final StringBuilder out) {
        if (missing > 0) {
            if (value >= low && value <= high) {
                codePoint = codePoint << 6 | value & 0x3f;
                low = 0x80;
                high = 0xbf;
                if (--missing == 0) {
                    out.appendCodePoint(codePoint);
                }
                return;
            }
            missing = 0;
            out.append(REPLACEMENT);
        }
        lead(value, out);
    }

    private void lead(final int value, final StringBuilder out) {
        low = 0x80;
        high = 0xbf;
        if (value < 0x80) {
            out.append((char) value);
        } else if (value >= 0xc2 && value <= 0xdf) {
            missing = 1;
            codePoint = value & 0x1f;
        } else if (value >= 0xe0 && value <= 0xef) {
            missing = 2;
            codePoint = value & 0x0f;
            low = value == 0xe0 ? 0xa0 : 0x80;
            high = value == 0xed ? 0x9f : 0xbf;
        } else if (value >= 0xf0 && value <= 0xf4) {
            missing = 3;
            codePoint = value & 0x07;
            low = value == 0xf0 ? 0x90 : 0x80;
            high = value == 0xf4 ? 0x8f : 0xbf;
        } else {
            out.append(REPLACEMENT);
        }
    }

    /** No more bytes come: what was begun is broken. */
    public void end(final StringBuilder out) {
        if (missing > 0) {
            missing = 0;
            out.append(REPLACEMENT);
        }
    }
}
