package io.spillway.gateway.batch;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What a line came to.
 *
 * @param line     number of the line, from 0
 * @param kind     what became of it
 * @param consumed what it is charged
 * @param text     its line in the output or error file, UTF-8, without the line break. Handed over
 */
record LineResult(int line, Kind kind, Consumed consumed, byte[] text) {
    /** What became of a line. The ordinals stand in segments: never reorder. */
    enum Kind {
        /** Answered with success: belongs to the output file. */
        ANSWERED,
        /** Answered with an error: belongs to the error file. */
        REFUSED,
        /** Never ran: belongs to the error file. */
        GIVEN_UP
    }

    /** Tokens, and what they cost at the price of batches. */
    record Consumed(long promptTokens, long cachedTokens, long outputTokens, long reasoningTokens, long costNanoDollars) {
        static final Consumed NOTHING = new Consumed(0, 0, 0, 0, 0);

        boolean free() {
            return equals(NOTHING);
        }
    }

    private static final int FIXED_BYTES = Integer.BYTES + 1 + 5 * Long.BYTES;

    /** @return whether it belongs to the error file */
    boolean isError() {
        return kind != Kind.ANSWERED;
    }

    /** @return as a record of a segment */
    byte[] encode() {
        return ByteBuffer.allocate(FIXED_BYTES + text.length).putInt(line).put((byte) kind.ordinal())
            .putLong(consumed.promptTokens).putLong(consumed.cachedTokens).putLong(consumed.outputTokens)
            .putLong(consumed.reasoningTokens).putLong(consumed.costNanoDollars).put(text).array();
    }

    /** @return what {@link #encode} wrote; empty when it was something else */
    static Optional<LineResult> decode(final byte[] bytes) {
        try {
            final ByteBuffer in = ByteBuffer.wrap(bytes);
            final int line = in.getInt();
            final int kind = in.get();
            final Consumed consumed = new Consumed(in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong());
            final byte[] text = new byte[in.remaining()];
            in.get(text);
            return line < 0 || kind < 0 || kind >= Kind.values().length ? Optional.empty()
                : Optional.of(new LineResult(line, Kind.values()[kind], consumed, text));
        } catch (final BufferUnderflowException e) {
            return Optional.empty();
        }
    }
}
