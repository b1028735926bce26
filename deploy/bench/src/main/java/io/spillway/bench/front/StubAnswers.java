package io.spillway.bench.front;

import java.nio.charset.StandardCharsets;

/** The same request and the same answers for every server that is compared. */
final class StubAnswers {
    /** Tokens of an answer, each an event where it is streamed. */
    static final int TOKENS = 64;
    /** Key of the one tenant. */
    static final String KEY = "sk-bench";
    private static final String SYSTEM = "You are a helpful assistant of a support team. Be brief. ".repeat(20);

    private StubAnswers() {
    }

    /** @return the body of a chat request of about 1.3 kB */
    static String question(final boolean stream) {
        return "{\"model\":\"brook\",\"messages\":[{\"role\":\"system\",\"content\":\"" + SYSTEM
            + "\"},{\"role\":\"user\",\"content\":\"Where is my order?\"}],\"max_tokens\":" + TOKENS + ",\"seed\":1,\"temperature\":0,\"stream\":"
            + stream + "}";
    }

    /**
     * @param coding what the client takes its answer in; empty = as it is
     * @return a whole request as it stands on the wire
     */
    static byte[] request(final boolean stream, final String coding) {
        final String body = question(stream);
        return ("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer " + KEY
            + "\r\ncontent-type: application/json\r\naccept: application/json\r\n"
            + (coding.isEmpty() ? "" : "accept-encoding: " + coding + "\r\n") + "content-length: " + body.length() + "\r\n\r\n" + body)
            .getBytes(StandardCharsets.US_ASCII);
    }

    /** @return one event, as large as the gateway's */
    static byte[] event() {
        return ("data: {\"id\":\"chatcmpl-3f2a9c7be1d84f60a1b2c3d4\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,"
            + "\"model\":\"brook\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n")
            .getBytes(StandardCharsets.US_ASCII);
    }

    /** @return a whole answer, as large as the gateway's */
    static byte[] whole() {
        return ("{\"id\":\"chatcmpl-3f2a9c7be1d84f60a1b2c3d4\",\"object\":\"chat.completion\",\"created\":1790000000,\"model\":\"brook\","
            + "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" + " word".repeat(TOKENS)
            + "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":300,\"completion_tokens\":64,"
            + "\"total_tokens\":364,\"prompt_tokens_details\":{\"cached_tokens\":150}}}").getBytes(StandardCharsets.US_ASCII);
    }
}
