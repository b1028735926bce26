package io.spillway.gateway.chat;

import java.util.List;

/**
 * One output token with its probability, spelled out.
 *
 * @param bytes what the token stands for; handed over
 * @param top   likeliest tokens at this position, most likely first; their own {@code top} is empty
 */
public record TokenText(int token, byte[] bytes, float logprob, List<TokenText> top) {
    public TokenText {
        top = List.copyOf(top);
    }
}
