package io.spillway.gateway.chat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A prompt that leaves no room for an answer. Owns the sentence that says so, in both directions: agents compact their context when
 * they read their own API's words for it, so each API must find the two numbers again.
 */
public record ContextLimit(int promptTokens, int contextTokens) {
    private static final Pattern SENTENCE = Pattern.compile("maximum context length is (\\d{1,10}) tokens\\. .* resulted in (\\d{1,10}) tokens\\.");

    /** @return the refusal; {@code field} is where the prompt stood in the request */
    public SpillwayException refusal(final String field) {
        return SpillwayException.ofField(ErrorCode.CONTEXT_LENGTH_EXCEEDED, field,
            "This model's maximum context length is " + contextTokens + " tokens. However, your " + field
                + " resulted in " + promptTokens + " tokens. Please reduce the length of the " + field + ".");
    }

    /** @return the numbers of a {@link #refusal}; empty for any other failure */
    public static Optional<ContextLimit> of(final SpillwayException failure) {
        final Matcher sentence = SENTENCE.matcher(failure.getMessage());
        return failure.code() == ErrorCode.CONTEXT_LENGTH_EXCEEDED && sentence.find()
            ? Optional.of(new ContextLimit(Integer.parseInt(sentence.group(2)), Integer.parseInt(sentence.group(1)))) : Optional.empty();
    }
}
