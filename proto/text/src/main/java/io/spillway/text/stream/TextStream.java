package io.spillway.text.stream;

import io.spillway.text.tokenizer.Tokenizer;
import io.spillway.text.tokenizer.Utf8Decoder;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * One output on its way from tokens to text. Gives out whole characters only, nothing that may be the start of a stop string, and neither
 * the stop string nor anything after it. Owned by one thread.
 */
public final class TextStream {
    private final Tokenizer tokenizer;
    private final IntPredicate hidden;
    private final StopScanner stops;
    private final Utf8Decoder decoder = new Utf8Decoder();
    private final StringBuilder decoded = new StringBuilder();
    private int tokens;

    /**
     * @param stops  where the output ends; empty = nowhere
     * @param hidden tokens that are no text for the reader
     */
    public TextStream(final Tokenizer tokenizer, final List<String> stops, final IntPredicate hidden) {
        this.tokenizer = tokenizer;
        this.hidden = hidden;
        this.stops = new StopScanner(stops);
    }

    /** A stream without the special tokens. */
    public TextStream(final Tokenizer tokenizer, final List<String> stops) {
        this(tokenizer, stops, tokenizer::isSpecial);
    }

    /** @return the text that this token made certain; often empty. After a stop: empty, and the token does not count */
    public String accept(final int token) {
        if (stops.stopped()) {
            return "";
        }
        tokens++;
        return hidden.test(token) ? "" : decode(tokenizer.tokenBytes(token));
    }

    private String decode(final byte[] bytes) {
        decoded.setLength(0);
        decoder.accept(bytes, decoded);
        return stops.accept(decoded);
    }

    /** The output is complete. @return what was held back; empty after a stop */
    public String end() {
        if (stops.stopped()) {
            return "";
        }
        decoded.setLength(0);
        decoder.end(decoded);
        final String last = stops.accept(decoded);
        return last + stops.end();
    }

    /** @return whether a stop string was met */
    public boolean stopped() {
        return stops.stopped();
    }

    /** @return the stop string that was met; empty when none was */
    public String stop() {
        return stops.matched();
    }

    /** @return how many tokens were taken, up to and with the one that completed the stop string */
    public int tokens() {
        return tokens;
    }
}
