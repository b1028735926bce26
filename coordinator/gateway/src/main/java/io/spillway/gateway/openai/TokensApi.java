package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.gateway.chat.ChatModel;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.identity.AgentIdentities;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Texts and conversations to tokens and back, in the shapes that vLLM gives these routes. A conversation is read and rendered as
 * {@code /v1/chat/completions} does it, so that the count is what that route would charge for. Any thread.
 */
public final class TokensApi {
    /** More are not told: the answer to a body of token ids is several times as large as the body. */
    private static final int TOKENS_MAX = 1 << 20;
    private static final String ADD_GENERATION_PROMPT = "add_generation_prompt";

    private final Parts parts;

    /** What the API works with. */
    public record Parts(
        ChatService chat, ApiKeys keys, Function<ModelId, Optional<ChatModel>> models, RequestIds ids) {
    }

    public TokensApi(final Parts parts) {
        this.parts = parts;
    }

    /** @return both, each under its two names */
    public List<Route> routes() {
        return List.of(
            new Route("POST", "/v1/tokenize", this::tokenize, true),
            new Route("POST", "/tokenize", this::tokenize, true),
            new Route("POST", "/v1/detokenize", this::detokenize, true),
            new Route("POST", "/detokenize", this::detokenize, true));
    }

    private void tokenize(final HttpExchange exchange) {
        final TenantId tenant = parts.keys().tenant(exchange.call());
        final Fields body = Fields.parse(exchange.call().body());
        final ModelId id = ChatBody.model(body);
        final int contextTokens = parts.chat().contextTokens(id, tenant);
        final ChatModel model = model(id);
        final boolean spelled = body.flag("return_token_strs", false);
        final boolean conversation = body.has("messages");
        final int[] tokens = conversation ? ofConversation(exchange, tenant, body) : ofText(body, model);
        checkCount(tokens.length, conversation ? "messages" : "prompt");
        final ObjectNode answer = Json.object().put("count", tokens.length).put("max_model_len", contextTokens)
            .putPOJO("tokens", tokens);
        respond(exchange, spelled ? answer.putPOJO("token_strs", texts(tokens, model)) : answer.putNull("token_strs"));
    }

    private ChatModel model(final ModelId id) {
        return parts.models().apply(id).orElseThrow(() -> ChatBody.unknownModel(id.value()));
    }

    private static int[] ofText(final Fields body, final ChatModel model) {
        final String text = body.requiredText("prompt");
        return body.flag("add_special_tokens", true) ? model.encode(new Prompt.Text(text)) : model.encodeContinuation(text);
    }

    private int[] ofConversation(final HttpExchange exchange, final TenantId tenant, final Fields body) {
        if (body.has("prompt")) {
            throw body.invalid("prompt", "send it or 'messages', not both.");
        }
        if (body.flag("add_special_tokens", false)) {
            throw body.unsupported("add_special_tokens", "the model's chat template writes those that it wants.");
        }
        if (body.has("chat_template")) {
            throw body.unsupported("chat_template", "conversations are rendered by the model's own template.");
        }
        final RequestId id = new RequestId(parts.ids().next("tokens-"));
        final ChatRequest request = ChatBody.read(body, new ChatBody.Asker(id, tenant, AgentIdentities.of(exchange.call(), body))).request();
        return parts.chat().promptTokens(request.with(rendered((Prompt.Messages) request.prompts().getFirst(), body)));
    }

    private static Prompt.Messages rendered(final Prompt.Messages prompt, final Fields body) {
        final boolean open = body.flag(Prompt.Messages.CONTINUE_FINAL, false);
        if (open && body.flag(ADD_GENERATION_PROMPT, false)) {
            throw body.invalid(ADD_GENERATION_PROMPT, "the last message is either gone on with or answered.");
        }
        final Map<String, Object> extra = new HashMap<>(prompt.extra());
        if (open) {
            extra.put(Prompt.Messages.CONTINUE_FINAL, true);
        } else if (!body.flag(ADD_GENERATION_PROMPT, true)) {
            extra.put(ADD_GENERATION_PROMPT, false);
        }
        final Prompt.Messages changed = new Prompt.Messages(prompt.messages(), prompt.tools(), extra);
        if (open && changed.open().isEmpty()) {
            throw body.invalid(Prompt.Messages.CONTINUE_FINAL, "the last message is not the assistant's.");
        }
        return changed;
    }

    /** Each token by itself; bytes that are no whole character become U+FFFD. */
    private static String[] texts(final int[] tokens, final ChatModel model) {
        final Map<Integer, String> known = new HashMap<>();
        return Arrays.stream(tokens).mapToObj(token -> known.computeIfAbsent(token,
            id -> new String(model.tokenBytes(id), StandardCharsets.UTF_8))).toArray(String[]::new);
    }

    private void detokenize(final HttpExchange exchange) {
        parts.keys().tenant(exchange.call());
        final Fields body = Fields.parse(exchange.call().body());
        final ChatModel model = model(ChatBody.model(body));
        final JsonNode list = body.value("tokens").orElseThrow(() -> body.missing("tokens"));
        if (!list.isArray()) {
            throw Fields.wrongType("tokens", "an array of token ids", list);
        }
        checkCount(list.size(), "tokens");
        final int[] tokens = PromptBody.tokens("tokens", list).tokens();
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i] < 0 || tokens[i] >= model.vocabularySize()) {
                throw body.invalid("tokens[" + i + "]", "the model's tokens are 0 to " + (model.vocabularySize() - 1) + ".");
            }
            bytes.writeBytes(model.tokenBytes(tokens[i]));
        }
        respond(exchange, Json.object().put("prompt", bytes.toString(StandardCharsets.UTF_8)));
    }

    private static void checkCount(final int tokens, final String field) {
        if (tokens > TOKENS_MAX) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, field,
                "Invalid '" + field + "': " + tokens + " tokens; this route takes at most " + TOKENS_MAX + ".");
        }
    }

    private static void respond(final HttpExchange exchange, final ObjectNode answer) {
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(answer)));
    }
}
