package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.answer.AnswerRun;
import io.spillway.gateway.answer.Explanation;
import io.spillway.gateway.chat.ChatModel;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.EmbeddingCall;
import io.spillway.gateway.chat.EmbeddingRequest;
import io.spillway.gateway.chat.Embeddings;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.guard.GuardService;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.identity.AgentIdentities;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/** The routes of the OpenAI API. Any thread. */
public final class OpenAiApi {
    private static final String MODELS = "/v1/models";

    private final Parts parts;
    private final long startedSeconds;

    /** What the API works with. */
    public record Parts(
        GuardService chat, Function<EmbeddingRequest, EmbeddingCall> embeddings, ApiKeys keys, Supplier<ClusterView>
        view, Function<ModelId, Optional<ChatModel>> models, RequestIds ids, EpochClock clock) {
    }

    public OpenAiApi(final Parts parts) {
        this.parts = parts;
        this.startedSeconds = nowSeconds();
    }

    /** @return chat completions, completions, embeddings and models */
    public List<Route> routes() {
        return List.of(
            new Route("POST", "/v1/chat/completions", this::chat, true),
            new Route("POST", "/v1/completions", this::complete, true),
            new Route("POST", "/v1/embeddings", this::embed, true),
            new Route("GET", MODELS, this::models, true),
            new Route("GET", MODELS + "/*", this::model, true));
    }

    private long nowSeconds() {
        return TimeUnit.MILLISECONDS.toSeconds(parts.clock().epochMillis());
    }

    private void chat(final HttpExchange exchange) {
        final TenantId tenant = parts.keys().tenant(exchange.call());
        final Fields fields = Fields.parse(exchange.call().body());
        final String id = Idempotency.id("chatcmpl-", exchange.call(), tenant).orElseGet(() -> parts.ids().next("chatcmpl-"));
        final ChatBody body = ChatBody.read(fields, asker(exchange, fields, tenant, id));
        if (!heeded(body.request())) {
            exchange.header("x-spillway-tool-choice", "advisory");
        }
        if (!body.form().prefix().isEmpty()) {
            exchange.header("x-spillway-prefix", body.form().prefix());
        }
        final AnswerShape shape = new ChatShape(id, nowSeconds(), body.form(), body.request().outputs(), body.customTools());
        new AnswerRun(exchange, new ShapedAnswer(body.form(), shape)).run(parts.chat(), body.request());
    }

    /** A demanded call is opened for the model; where that is not known, the answer says that the demand was mere advice. */
    private boolean heeded(final ChatRequest request) {
        return request.options().demand().isEmpty() || parts.models().apply(request.model())
            .filter(model -> model.callSyntax().isPresent()
                || model.callOpening(request.options().demand().get()).isPresent()).isPresent();
    }

    private void complete(final HttpExchange exchange) {
        final TenantId tenant = parts.keys().tenant(exchange.call());
        final Fields fields = Fields.parse(exchange.call().body());
        final String id = Idempotency.id("cmpl-", exchange.call(), tenant).orElseGet(() -> parts.ids().next("cmpl-"));
        final CompletionBody body = CompletionBody.read(fields, asker(exchange, fields, tenant, id));
        final AnswerShape shape = new CompletionShape(id, nowSeconds(), body.form(), echoes(body));
        new AnswerRun(exchange, new ShapedAnswer(body.form(), shape)).run(parts.chat(), body.request());
    }

    private void embed(final HttpExchange exchange) {
        final TenantId tenant = parts.keys().tenant(exchange.call());
        final Fields fields = Fields.parse(exchange.call().body());
        final EmbeddingBody body = EmbeddingBody.read(fields, asker(exchange, fields, tenant, parts.ids().next("embd-")));
        final EmbeddingCall call = parts.embeddings().apply(body.request());
        exchange.onDisconnect(call::cancel);
        final Embeddings embeddings = call.run();
        final ObjectNode answer = body.answer(embeddings);
        exchange.header("x-spillway-cost", Explanation.dollars(embeddings.usage().costNanoDollars()).toPlainString());
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(answer)));
    }

    private static ChatBody.Asker asker(
        final HttpExchange exchange, final Fields fields, final TenantId tenant, final String id) {
        return new ChatBody.Asker(new RequestId(id), tenant, AgentIdentities.of(exchange.call(), fields));
    }

    private List<String> echoes(final CompletionBody body) {
        final List<String> echoes = new ArrayList<>();
        for (final Prompt prompt : body.request().prompts()) {
            final String echo = body.echo() ? text(prompt, body.request().model()) : "";
            for (int choice = 0; choice < body.request().options().choices(); choice++) {
                echoes.add(echo);
            }
        }
        return echoes;
    }

    private String text(final Prompt prompt, final ModelId id) {
        if (prompt instanceof Prompt.Text text) {
            return text.text();
        }
        if (prompt instanceof Prompt.Gap gap) {
            return gap.before();
        }
        final ChatModel model = parts.models().apply(id).orElseThrow(() -> ChatBody.unknownModel(id.value()));
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (prompt instanceof Prompt.Tokens tokens) {
            for (final int token : tokens.tokens()) {
                if (token >= 0 && token < model.vocabularySize()) {
                    bytes.writeBytes(model.tokenBytes(token));
                }
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private void models(final HttpExchange exchange) {
        parts.keys().tenant(exchange.call());
        final ObjectNode list = Json.object().put("object", "list");
        final ArrayNode models = list.putArray("data");
        parts.view().get().models().forEach(model -> models.add(json(model)));
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(list)));
    }

    private void model(final HttpExchange exchange) {
        parts.keys().tenant(exchange.call());
        final String name = exchange.call().path().substring(MODELS.length() + 1);
        final ModelDescriptor model = parts.view().get().models().stream()
            .filter(candidate -> candidate.id().value().equals(name)).findFirst()
            .orElseThrow(() -> ChatBody.unknownModel(name));
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(json(model))));
    }

    private ObjectNode json(final ModelDescriptor model) {
        return Json.object().put("id", model.id().value()).put("object", "model").put("created", startedSeconds)
            .put("owned_by", "spillway").put("max_model_len", model.contextTokens());
    }
}
