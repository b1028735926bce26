package io.spillway.testkit.sim;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** What happened, one line per event: {@code <microseconds> <what>}. Equal seeds give equal bytes. World's thread only. */
public final class SimLog {
    private final StringBuilder text = new StringBuilder(1 << 16);
    private int lines;

    void add(final long nowNanos, final String what) {
        text.append(nowNanos / 1000).append(' ').append(what).append('\n');
        lines++;
    }

    /** @return all of it */
    public String text() {
        return text.toString();
    }

    /** @return the last {@code linesMax} lines */
    public String tail(final int linesMax) {
        int from = text.length();
        for (int line = 0; line <= linesMax && from > 0; line++) {
            from = text.lastIndexOf("\n", from - 1);
        }
        return text.substring(from + 1);
    }

    /** @return lines written */
    public int lines() {
        return lines;
    }

    /** @return SHA-256 of all of it, in hexadecimal */
    public String digest() {
        try {
            return HexFormat.of().formatHex(
                MessageDigest.getInstance("SHA-256").digest(text.toString().getBytes(StandardCharsets.UTF_8)));
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK must have SHA-256", e);
        }
    }
}
