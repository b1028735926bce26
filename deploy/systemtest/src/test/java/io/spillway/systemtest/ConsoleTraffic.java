package io.spillway.systemtest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.bench.cluster.ClusterQuestions;
import io.spillway.bench.cluster.CommandLineCluster;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** What clients ask of a cluster while somebody looks at its console. */
final class ConsoleTraffic {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String END_OF_TURN = "2023";
    private static final String END_OF_TEXT = "2021";
    private static final int LONG_TOKENS = 5000;
    private static final int STEP_TOKENS = 40;
    private static final int ROUNDS = 30;
    private static final long TOOL_NANOS = TimeUnit.MILLISECONDS.toNanos(150);

    private final CommandLineCluster cluster;
    private final HttpClient http = HttpClient.newHttpClient();

    ConsoleTraffic(final CommandLineCluster cluster) {
        this.cluster = cluster;
    }

    private HttpRequest request(final String body, final String... headers) {
        final HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(cluster.baseUrl() + "/chat/completions"))
            .header("authorization", "Bearer " + cluster.apiKey()).POST(HttpRequest.BodyPublishers.ofString(body));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return request.build();
    }

    /** @return the whole answer's body */
    String ask(final String body, final String... headers) {
        try {
            return http.send(request(body, headers), HttpResponse.BodyHandlers.ofString()).body().strip();
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (final InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** @return the body of a stream that takes seconds */
    CompletableFuture<String> stream(final String about) {
        return stream(LONG_TOKENS, about);
    }

    /** @return the body of a stream of so many tokens */
    CompletableFuture<String> stream(final int tokens, final String about, final String... headers) {
        final ObjectNode body = body(tokens);
        body.put("stream", true);
        body.set("logit_bias", JSON.createObjectNode().put(END_OF_TURN, -100).put(END_OF_TEXT, -100));
        messages(body, about);
        return http.sendAsync(request(body.toString(), headers), HttpResponse.BodyHandlers.ofString()).thenApply(answer -> answer.body().strip());
    }

    private static ObjectNode body(final int tokens) {
        return JSON.createObjectNode().put("model", "brook").put("temperature", 1).put("seed", 7).put("max_completion_tokens", tokens);
    }

    private static ArrayNode messages(final ObjectNode body, final String about) {
        final ArrayNode messages = body.putArray("messages");
        messages.addObject().put("role", "system").put("content", ClusterQuestions.SYSTEM + ClusterQuestions.facts(20));
        messages.addObject().put("role", "user").put("content", "Tell me everything about " + about + ".");
        return messages;
    }

    /** A conversation whose every step goes on from the one before, with a tool at work in between. */
    void agentRun(final String run, final int steps) {
        final ObjectNode body = body(STEP_TOKENS);
        final ArrayNode messages = messages(body, run);
        for (int step = 1; step <= steps; step++) {
            final String answer = ask(body.toString(), "X-Run-Id", run);
            messages.addObject().put("role", "assistant").put("content", content(answer));
            messages.addObject().put("role", "user").put("content", "And then? " + step);
            if (step < steps) {
                LockSupport.parkNanos(TOOL_NANOS);
            }
        }
    }

    private static String content(final String answer) {
        try {
            final JsonNode content = JSON.readTree(answer).at("/choices/0/message/content");
            if (!content.isTextual()) {
                throw new IllegalStateException("not an answer: " + answer);
            }
            return content.asText();
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Minutes of agents and people, for pictures. */
    void workAWhile() {
        for (int round = 0; round < ROUNDS; round++) {
            final List<CompletableFuture<?>> together = new ArrayList<>();
            for (int i = 0; i <= round % 3; i++) {
                together.add(stream("round " + round + "." + i));
            }
            agentRun("refund-" + round / 2, 3);
            together.forEach(CompletableFuture::join);
        }
    }
}
