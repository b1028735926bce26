package io.spillway.gateway;

import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.gateway.chat.ChatModel;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.HttpHandler;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.openai.ApiErrors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * {@code GET /health}: whether a request for inference can be served here now, for those who choose among replicas. {@code GET /live}:
 * whether this process answers at all, for those who restart it. Neither needs a key; both answer while the server drains. Any thread.
 */
final class HealthApi {
    private final Supplier<ClusterView> view;
    private final Function<ModelId, Optional<ChatModel>> models;

    HealthApi(final Supplier<ClusterView> view, final Function<ModelId, Optional<ChatModel>> models) {
        this.view = view;
        this.models = models;
    }

    /** Answered at all times. */
    private record Probe(Consumer<HttpExchange> answer) implements HttpHandler {
        @Override
        public void handle(final HttpExchange exchange) {
            answer.accept(exchange);
        }

        @Override
        public boolean whileDraining(final HttpCall call) {
            return true;
        }
    }

    List<Route> routes() {
        return List.of(
            new Route("GET", "/health", new Probe(this::health), true),
            new Route("GET", "/live", new Probe(HealthApi::well), true));
    }

    private void health(final HttpExchange exchange) {
        if (exchange.draining()) {
            unwell(exchange, "draining", new SpillwayException(ErrorCode.DRAINING, "This server is shutting down; try another one"));
        } else if (view.get().models().stream().noneMatch(model -> models.apply(model.id()).isPresent())) {
            unwell(exchange, "no_node", new SpillwayException(ErrorCode.NO_NODE, "No node serves a model that this server knows"));
        } else {
            well(exchange);
        }
    }

    private static void well(final HttpExchange exchange) {
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, "{\"status\":\"ok\"}"));
    }

    private static void unwell(final HttpExchange exchange, final String status, final SpillwayException why) {
        final Map<String, String> headers = new LinkedHashMap<>(ApiErrors.retryHeaders(why));
        headers.put("content-type", HttpAnswer.JSON);
        exchange.respond(new HttpAnswer(why.code().httpStatus(), headers,
            Json.bytes(Json.object().put("status", status).put("message", why.getMessage()))));
    }
}
