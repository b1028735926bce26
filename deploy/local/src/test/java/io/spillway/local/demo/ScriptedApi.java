package io.spillway.local.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** An OpenAI API whose model is a function of the request. Streams as a real server does: role, pieces, finish reason, usage. */
final class ScriptedApi implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private final HttpServer server;
    private final Function<JsonNode, Reply> model;
    private final boolean priced;
    /** Every chat request body, in order of arrival. */
    final List<JsonNode> requests = new CopyOnWriteArrayList<>();

    /** A tool call as the model writes it; arguments need not be JSON. */
    record RawCall(String name, String arguments) {
    }

    /** One assistant message. */
    record Reply(String content, List<RawCall> calls) {
        static Reply says(final String content) {
            return new Reply(content, List.of());
        }

        static Reply calls(final String name, final String arguments) {
            return new Reply("", List.of(new RawCall(name, arguments)));
        }
    }

    ScriptedApi(final boolean priced, final Function<JsonNode, Reply> model) throws IOException {
        this.priced = priced;
        this.model = model;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/v1/models", this::models);
        server.createContext("/v1/chat/completions", this::chat);
        server.start();
    }

    String baseUrl() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
    }

    private void models(final HttpExchange exchange) throws IOException {
        if (!"Bearer good".equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            answer(exchange, 401, "{\"error\":{\"message\":\"bad key\",\"type\":\"invalid_request_error\",\"code\":\"invalid_api_key\",\"param\":null}}");
            return;
        }
        answer(exchange, 200, "{\"object\":\"list\",\"data\":[{\"id\":\"brook\",\"object\":\"model\",\"created\":1,\"owned_by\":\"test\"}]}");
    }

    private static void answer(final HttpExchange exchange, final int status, final String json) throws IOException {
        final byte[] body = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    private void chat(final HttpExchange exchange) throws IOException {
        final JsonNode request = JSON.readTree(exchange.getRequestBody());
        requests.add(request);
        final Reply reply;
        try {
            reply = model.apply(request);
        } catch (final IllegalStateException e) {
            answer(exchange, 400, "{\"error\":{\"message\":\"" + e.getMessage() + "\",\"type\":\"invalid_request_error\",\"code\":null,\"param\":null}}");
            return;
        }
        exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            send(out, delta("{\"role\":\"assistant\",\"content\":\"\"}", "null"));
            for (final String piece : reply.content().split("(?<=\\G.{4})", -1)) {
                if (!piece.isEmpty()) {
                    send(out, delta("{\"content\":" + JSON.writeValueAsString(piece) + "}", "null"));
                }
            }
            sendCalls(out, reply.calls());
            send(out, delta("{}", reply.calls().isEmpty() ? "\"stop\"" : "\"tool_calls\""));
            send(out, usage(request));
            out.write("data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8));
        }
    }

    private static void sendCalls(final OutputStream out, final List<RawCall> calls) throws IOException {
        for (int i = 0; i < calls.size(); i++) {
            final RawCall call = calls.get(i);
            final int half = call.arguments().length() / 2;
            send(out, delta("{\"tool_calls\":[{\"index\":" + i + ",\"id\":\"call_" + i + "\",\"type\":\"function\",\"function\":{\"name\":\""
                + call.name() + "\",\"arguments\":" + JSON.writeValueAsString(call.arguments().substring(0, half)) + "}}]}", "null"));
            send(out, delta("{\"tool_calls\":[{\"index\":" + i + ",\"function\":{\"arguments\":"
                + JSON.writeValueAsString(call.arguments().substring(half)) + "}}]}", "null"));
        }
    }

    private String usage(final JsonNode request) {
        final ObjectNode chunk = head().putNull("none");
        chunk.remove("none");
        chunk.putArray("choices");
        final ObjectNode usage = chunk.putObject("usage").put("prompt_tokens", 100 * request.path("messages").size())
            .put("completion_tokens", 10).put("total_tokens", 100 * request.path("messages").size() + 10);
        usage.putObject("prompt_tokens_details").put("cached_tokens", 64);
        if (priced) {
            usage.putObject("spillway").put("cost_usd", 0.25);
        }
        return chunk.toString();
    }

    private static ObjectNode head() {
        return JSON.createObjectNode().put("id", "chatcmpl-1").put("object", "chat.completion.chunk").put("created", 1).put("model", "brook");
    }

    private static String delta(final String delta, final String finish) {
        final String head = head().toString();
        return head.substring(0, head.length() - 1) + ",\"choices\":[{\"index\":0,\"delta\":" + delta + ",\"logprobs\":null,\"finish_reason\":"
            + finish + "}]}";
    }

    private static void send(final OutputStream out, final String data) throws IOException {
        out.write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
