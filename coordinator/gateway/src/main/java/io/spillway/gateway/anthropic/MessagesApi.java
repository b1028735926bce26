package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.answer.AnswerRun;
import io.spillway.gateway.chat.ChatModel;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.guard.GuardService;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.HttpHandler;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.identity.AgentIdentities;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.gateway.openai.Idempotency;
import io.spillway.gateway.prefix.Attribution;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/** The routes of the Anthropic API. Any thread. */
public final class MessagesApi {
    static final String MESSAGES = "/v1/messages";
    static final String MODELS = "/v1/models";
    /** The header that every client of this API sends. */
    static final String VERSION = "anthropic-version";
    private static final int TYPES_TOLD_MAX = 16;

    private final Parts parts;
    private final long startedSeconds;

    /** What the API works with. */
    public record Parts(
        GuardService chat, ApiKeys keys, Supplier<ClusterView> view, Function<ModelId, Optional<ChatModel>> models, RequestIds ids,
        EpochClock clock) {
    }

    public MessagesApi(final Parts parts) {
        this.parts = parts;
        this.startedSeconds = TimeUnit.MILLISECONDS.toSeconds(parts.clock().epochMillis());
    }

    /** @return messages and token counts, and {@code others}, among which the models answer in the way they are asked */
    public List<Route> routesWith(final List<Route> others) {
        final List<Route> routes = new ArrayList<>();
        routes.add(new Route("POST", MESSAGES, this::message, true));
        routes.add(new Route("POST", MESSAGES + "/count_tokens", this::count, true));
        for (final Route other : others) {
            routes.add(switch (other.pattern()) {
                case MODELS -> other.with(asked(this::models, other.handler()));
                case MODELS + "/*" -> other.with(asked(this::model, other.handler()));
                default -> other;
            });
        }
        return routes;
    }

    private static HttpHandler asked(final HttpHandler ours, final HttpHandler theirs) {
        return exchange -> {
            if (exchange.call().header(VERSION).isPresent()) {
                ours.handle(exchange);
            } else {
                theirs.handle(exchange);
            }
        };
    }

    private void message(final HttpExchange exchange) {
        final MessagesBody body = read(exchange, false);
        final ChatRequest request = body.request();
        if (!heeded(request)) {
            exchange.header("x-spillway-tool-choice", "advisory");
        }
        if (parts.models().apply(request.model()).isEmpty()) {
            throw MessagesBody.unknownModel(request.model().value());
        }
        final MessageAnswer.Names names = new MessageAnswer.Names(exchange.id(), request.id().value());
        new AnswerRun(exchange, new MessageAnswer(names, parts.clock(), body.form())).run(parts.chat(), request);
    }

    private MessagesBody read(final HttpExchange exchange, final boolean counting) {
        exchange.header("request-id", exchange.id());
        final TenantId tenant = parts.keys().tenant(exchange.call());
        final Fields fields = Fields.parse(exchange.call().body());
        final String id = Idempotency.id("msg_", exchange.call(), tenant).orElseGet(() -> parts.ids().next("msg_"));
        final MessagesBody body = MessagesBody.read(fields, new MessagesBody.Asker(new RequestId(id), tenant,
            AgentIdentities.of(exchange.call(), fields)), counting);
        if (body.attribution()) {
            exchange.header("x-spillway-prefix", Attribution.DROPPED);
        }
        if (!body.notOffered().isEmpty()) {
            exchange.header("x-spillway-tools", "not offered: "
                + String.join(", ", body.notOffered().stream().distinct().limit(TYPES_TOLD_MAX).toList()));
        }
        return body;
    }

    /** A demanded call is opened for the model; where that is not known, the answer says that the demand was mere advice. */
    private boolean heeded(final ChatRequest request) {
        return request.options().demand().isEmpty() || parts.models().apply(request.model())
            .filter(model -> model.callSyntax().isPresent()
                || model.callOpening(request.options().demand().get()).isPresent()).isPresent();
    }

    private void count(final HttpExchange exchange) {
        final MessagesBody body = read(exchange, true);
        final ChatModel model = parts.models().apply(body.request().model())
            .orElseThrow(() -> MessagesBody.unknownModel(body.request().model().value()));
        respond(exchange, Json.object().put("input_tokens", model.encode(body.prompt()).length));
    }

    private void models(final HttpExchange exchange) {
        respond(exchange, list(exchange).page(exchange.call()));
    }

    private void model(final HttpExchange exchange) {
        respond(exchange, list(exchange).one(exchange.call().path().substring(MODELS.length() + 1)));
    }

    private ModelList list(final HttpExchange exchange) {
        exchange.header("request-id", exchange.id());
        parts.keys().tenant(exchange.call());
        return new ModelList(List.copyOf(parts.view().get().models()), startedSeconds);
    }

    private static void respond(final HttpExchange exchange, final ObjectNode answer) {
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(answer)));
    }
}
