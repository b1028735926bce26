package io.spillway.gateway.anthropic;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.SamplingSettings;
import io.spillway.gateway.chat.AskedSampling;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.OutputShape;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.identity.AgentIdentity;
import io.spillway.gateway.json.Fields;
import io.spillway.grammar.GrammarSource;
import io.spillway.grammar.schema.Whitespace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A message as it was asked for.
 *
 * @param attribution whether a line that names the client was left out of the prompt
 * @param notOffered  types of tools the model was not told of
 */
record MessagesBody(ChatRequest request, AnswerForm form, boolean attribution, List<String> notOffered) {
    private static final Set<String> EFFORTS = Set.of("low", "medium", "high", "xhigh", "max");
    private static final int STOPS_MAX = 64;

    /** Who asks, under which id. */
    record Asker(RequestId id, TenantId tenant, AgentIdentity identity) {
    }

    /** How the client wants its answer. */
    record AnswerForm(ModelId model, boolean stream, ThinkingBody thinking) {
    }

    /**
     * @param counting only the prompt's length is wanted: {@code max_tokens} may be missing
     * @throws SpillwayException naming the field that is wrong
     */
    static MessagesBody read(final Fields body, final Asker asker, final boolean counting) {
        final ModelId model = model(body);
        final OptionalInt outputTokensMax = outputTokensMax(body, counting);
        final CacheMarks marks = new CacheMarks();
        final ToolBody tools = ToolBody.read(body, marks);
        final SystemBody system = SystemBody.read(body, marks);
        final TurnBody turns = TurnBody.read(body, system.texts(), marks);
        final ThinkingBody thinking = ThinkingBody.read(body, outputTokensMax);
        final OutputShape shape = new OutputShape(format(body, turns.open()), tools.strict(), tools.allowed());
        checkAccepted(body);
        final ChatRequest.Options options = new ChatRequest.Options(
            1, stops(body), tools.calls(), tools.demand(), new int[0], shape)
            .in(ChatRequest.Context.NONE.retaining(marks.wishes()));
        final ChatRequest request = new ChatRequest(asker.id(), asker.tenant(), asker.identity().run(), model,
            List.of(prompt(body, turns, tools, thinking)), outputTokensMax, OptionalLong.empty(), sampling(body),
            asker.identity().applied(options));
        return new MessagesBody(request, new AnswerForm(model, body.flag("stream", false), thinking), system.attribution(),
            tools.notOffered());
    }

    /** @return what the request's only prompt is */
    Prompt.Messages prompt() {
        return (Prompt.Messages) request.prompts().getFirst();
    }

    private static ModelId model(final Fields body) {
        final String name = body.requiredText("model");
        try {
            return new ModelId(name);
        } catch (final IllegalArgumentException e) {
            throw unknownModel(name);
        }
    }

    static SpillwayException unknownModel(final String name) {
        return SpillwayException.ofField(ErrorCode.MODEL_NOT_FOUND, "model", "model: " + name);
    }

    private static OptionalInt outputTokensMax(final Fields body, final boolean counting) {
        final OptionalInt max = body.integer("max_tokens", 1, Integer.MAX_VALUE);
        if (max.isEmpty() && !counting) {
            throw body.missing("max_tokens");
        }
        return max;
    }

    /** Who opens the answer for the model leaves it no place to think. */
    private static Prompt prompt(final Fields body, final TurnBody turns, final ToolBody tools, final ThinkingBody thinking) {
        final Map<String, Object> extra = new LinkedHashMap<>();
        extra.put("enable_thinking", thinking.wanted() && !turns.open());
        effort(body).ifPresent(effort -> extra.put("reasoning_effort", effort));
        if (turns.open()) {
            extra.put(Prompt.Messages.CONTINUE_FINAL, true);
        }
        return new Prompt.Messages(turns.messages(), tools.tools(), extra);
    }

    /** Templates know no more than three. */
    private static Optional<String> effort(final Fields body) {
        return body.object("output_config").flatMap(config -> config.text("effort").map(effort -> {
            if (!EFFORTS.contains(effort)) {
                throw config.invalid("effort", "'" + effort + "' is not one of low, medium, high, xhigh, max.");
            }
            return effort.equals("xhigh") || effort.equals("max") ? "high" : effort;
        }));
    }

    private static Optional<GrammarSource> format(final Fields body, final boolean open) {
        final Optional<Fields> format = body.object("output_config").flatMap(config -> config.object("format"))
            .or(() -> body.object("output_format"));
        return format.map(asked -> {
            final String type = asked.requiredText("type");
            if (!type.equals("json_schema")) {
                throw asked.invalid("type", "'" + type + "' is not 'json_schema'.");
            }
            if (open) {
                throw asked.invalid("type", "a format cannot be kept when the last message is the assistant's.");
            }
            asked.requiredObject("schema");
            return new GrammarSource.JsonSchema(asked.value("schema").orElseThrow().toString(), true, Whitespace.FLEXIBLE);
        });
    }

    private static AskedSampling sampling(final Fields body) {
        return new AskedSampling(new SamplingSettings(body.number("temperature", 0, 1), body.integer("top_k", 0, Integer.MAX_VALUE),
            body.number("top_p", 0, 1), OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty(), OptionalInt.empty()),
            AskedSampling.USUAL);
    }

    private static List<String> stops(final Fields body) {
        final List<String> stops = new ArrayList<>();
        body.array("stop_sequences").forEach(stop -> {
            final String path = "stop_sequences[" + stops.size() + "]";
            if (!stop.isTextual()) {
                throw Fields.wrongType(path, "a string", stop);
            }
            if (stop.textValue().isEmpty()) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, path, "Invalid '" + path + "': empty string.");
            }
            stops.add(stop.textValue());
        });
        if (stops.size() > STOPS_MAX) {
            throw body.invalid("stop_sequences", "expected at most " + STOPS_MAX + ", but got " + stops.size() + " instead.");
        }
        return stops;
    }

    /** Fields that are taken, and ignored or used elsewhere: their types are checked all the same. What would change the answer is refused. */
    private static void checkAccepted(final Fields body) {
        body.object("metadata").flatMap(metadata -> metadata.text("user_id"));
        body.object("context_management");
        body.text("service_tier").ifPresent(tier -> {
            if (!tier.equals("auto") && !tier.equals("standard_only")) {
                throw body.invalid("service_tier", "'" + tier + "' is not one of auto, standard_only.");
            }
        });
        if (body.has("container")) {
            throw body.unsupported("container", "this server runs no code.");
        }
        if (!body.array("mcp_servers").isEmpty()) {
            throw body.unsupported("mcp_servers", "this server calls no other; let the client offer their tools.");
        }
    }
}
