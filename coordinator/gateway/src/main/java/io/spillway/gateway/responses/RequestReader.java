package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.SamplingSettings;
import io.spillway.gateway.chat.ChatModel;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.OutputShape;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.identity.AgentIdentities;
import io.spillway.gateway.identity.AgentIdentity;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.openai.CacheRetention;
import io.spillway.gateway.openai.Hygiene;
import io.spillway.gateway.openai.SamplingBody;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.function.Function;
import java.util.function.Supplier;

/** Puts a request together: its body, what was said before, and what the model is to be asked. Any thread. */
final class RequestReader {
    /** Where old messages may be left out, so much of the context is left for the answer. */
    private static final int ANSWER_SHARE = 16;

    private final Supplier<ClusterView> view;
    private final Function<ModelId, Optional<ChatModel>> models;
    private final Conversations conversations;

    RequestReader(
        final Supplier<ClusterView> view, final Function<ModelId, Optional<ChatModel>> models, final Conversations conversations) {
        this.view = view;
        this.models = models;
        this.conversations = conversations;
    }

    /** Who asks, and what its response is called. */
    record Asker(TenantId tenant, String id, long nowSeconds) {
    }

    /**
     * A request, and what its client should know of how it was read.
     *
     * @param notes response headers
     */
    record Read(ResponseRequest request, Map<String, String> notes) {
    }

    /** @throws SpillwayException when the request cannot be served as it stands */
    Read read(final HttpCall call, final Fields fields, final Asker asker) {
        final ResponseBody body = ResponseBody.read(fields);
        final ResponseRequest.Form form = body.form();
        final TextFormat format = TextFormat.read(fields);
        final ToolUse tools = ToolUse.read(fields);
        final Conversations.Before before = fields.text("previous_response_id")
            .map(id -> conversations.before(asker.tenant, id)).orElse(Conversations.Before.NOTHING);
        final ItemReader reader = new ItemReader(new ItemIds(asker.id), id -> conversations.item(asker.tenant, id));
        final List<ObjectNode> input = List.copyOf(reader.read(fields, fields.has("previous_response_id")));
        final ChatModel model = model(body.model());
        final Prompt.Messages prompt = prompt(fields, before, input, new Asked(body, tools, model));
        final AgentIdentity identity = AgentIdentities.of(call, fields);
        final Optional<RunId> run = identity.run().or(before::run);
        final ChatRequest.Options options = new ChatRequest.Options(1, List.of(), tools.calls(), tools.demand(), new int[0],
            new OutputShape(format.grammar(), tools.strict(), tools.allowed())).with(1, SamplingBody.priority(fields))
            .in(ChatRequest.Context.NONE.retaining(CacheRetention.wishes(fields)));
        final ChatRequest chat = new ChatRequest(new RequestId(asker.id), asker.tenant, run, body.model(), List.of(prompt),
            body.outputTokensMax(), fields.longInteger("seed"), SamplingBody.read(fields, body.topLogprobs()), identity.applied(options));
        final ObjectNode echo = body.echo();
        final SamplingSettings used = chat.sampling().said().or(model.defaults().sampling());
        used.temperature().ifPresent(value -> echo.put("temperature", value));
        used.topP().ifPresent(value -> echo.put("top_p", value));
        echo.set("text", format.echo());
        final ResponseHead head = new ResponseHead(asker.id, asker.nowSeconds, echo);
        return new Read(new ResponseRequest(chat, head, form, tools.byToldName(), input),
            notes(model, tools, reader.untold()));
    }

    private ChatModel model(final ModelId id) {
        return models.apply(id).orElseThrow(() -> SpillwayException.ofField(ErrorCode.MODEL_NOT_FOUND, "model",
            "The model `" + id + "` does not exist or you do not have access to it."));
    }

    /** What a prompt is made of besides what was said. */
    private record Asked(ResponseBody body, ToolUse tools, ChatModel model) {
    }

    private Prompt.Messages prompt(
        final Fields fields, final Conversations.Before before, final List<ObjectNode> input, final Asked asked) {
        final List<ObjectNode> items = new ArrayList<>(before.items());
        items.addAll(input);
        final List<Map<String, Object>> messages =
            Hygiene.withoutAttribution(Transcript.messages(fields.text("instructions"), items));
        final List<Map<String, Object>> said = asked.body.truncates() ? fitting(messages, asked) : messages;
        return prompt(said, asked);
    }

    private static Prompt.Messages prompt(final List<Map<String, Object>> messages, final Asked asked) {
        return new Prompt.Messages(messages, asked.tools.definitions(), asked.body.templateNames());
    }

    private List<Map<String, Object>> fitting(final List<Map<String, Object>> messages, final Asked asked) {
        final Optional<ModelDescriptor> served = view.get().model(asked.body.model());
        if (served.isEmpty()) {
            return messages;
        }
        final int contextTokens = served.get().contextTokens();
        final int share = Math.max(1, contextTokens / ANSWER_SHARE);
        final OptionalInt wanted = asked.body.outputTokensMax();
        final int promptTokensMax = contextTokens - (wanted.isPresent() ? Math.min(share, wanted.getAsInt()) : share);
        return Truncation.fit(messages, some -> asked.model.encode(prompt(some, asked)).length <= promptTokensMax);
    }

    private static Map<String, String> notes(final ChatModel model, final ToolUse tools, final SortedSet<String> untold) {
        final Map<String, String> notes = new LinkedHashMap<>();
        if (!tools.notOffered().isEmpty()) {
            notes.put("x-spillway-tools-not-offered", String.join(", ", tools.notOffered()));
        }
        if (!untold.isEmpty()) {
            notes.put("x-spillway-items-not-told", String.join(", ", untold));
        }
        if (tools.demand().isPresent() && model.callSyntax().isEmpty() && model.callOpening(tools.demand().get()).isEmpty()) {
            notes.put("x-spillway-tool-choice", "advisory");
        }
        return notes;
    }

    /** @return how many tokens the request's prompt has */
    int promptTokens(final ResponseRequest request) {
        return model(request.chat().model()).encode(request.chat().prompts().getFirst()).length;
    }
}
