package io.spillway.testkit.browser;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** The connection to a browser: calls with answers, and events per page. Any thread. */
final class DevTools implements WebSocket.Listener, AutoCloseable {
    static final ObjectMapper JSON = new ObjectMapper();
    private static final long ANSWER_SECONDS = 60;

    private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
    private final Map<String, Consumer<JsonNode>> listeners = new ConcurrentHashMap<>();
    private final AtomicInteger ids = new AtomicInteger();
    private final StringBuilder partial = new StringBuilder();
    private final HttpClient http = HttpClient.newHttpClient();
    private WebSocket socket;

    private DevTools() {
    }

    static DevTools connect(final String address) {
        final DevTools tools = new DevTools();
        tools.socket = tools.http.newWebSocketBuilder().buildAsync(URI.create(address), tools).join();
        return tools;
    }

    /** Tells {@code listener} every event of that session; it must not block. */
    void listen(final String session, final Consumer<JsonNode> listener) {
        listeners.put(session, listener);
    }

    /**
     * @param session "" for the browser itself
     * @return the result
     * @throws IllegalStateException when the browser refuses, or does not answer within a minute
     */
    JsonNode call(final String session, final String method, final Map<String, ?> params) {
        final int id = ids.incrementAndGet();
        final ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
        message.set("params", JSON.valueToTree(params));
        if (!session.isEmpty()) {
            message.put("sessionId", session);
        }
        final CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        try {
            socket.sendText(message.toString(), true).join();
            final JsonNode told = answer.get(ANSWER_SECONDS, TimeUnit.SECONDS);
            if (told.has("error")) {
                throw new IllegalStateException(method + ": " + told.get("error"));
            }
            return told.path("result");
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(method + " was interrupted", e);
        } catch (final ExecutionException | TimeoutException e) {
            throw new IllegalStateException(method + " was not answered", e);
        } finally {
            waiting.remove(id);
        }
    }

    @Override
    public CompletionStage<?> onText(final WebSocket from, final CharSequence text, final boolean last) {
        partial.append(text);
        if (last) {
            final String whole = partial.toString();
            partial.setLength(0);
            take(whole);
        }
        from.request(1);
        return null;
    }

    private void take(final String text) {
        try {
            final JsonNode message = JSON.readTree(text);
            if (message.has("id")) {
                final CompletableFuture<JsonNode> asked = waiting.get(message.get("id").asInt());
                if (asked != null) {
                    asked.complete(message);
                }
            } else {
                listeners.getOrDefault(message.path("sessionId").asText(), nobody -> { }).accept(message);
            }
        } catch (final JsonProcessingException e) {
            throw new IllegalStateException("the browser does not speak JSON: " + text, e);
        }
    }

    @Override
    public void onError(final WebSocket from, final Throwable failure) {
        waiting.values().forEach(asked -> asked.completeExceptionally(failure));
    }

    @Override
    public void close() {
        socket.abort();
        http.close();
    }
}
