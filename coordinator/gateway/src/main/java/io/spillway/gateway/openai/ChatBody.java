package io.spillway.gateway.openai;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.SamplingParams;
import io.spillway.gateway.chat.AskedSampling;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.OutputShape;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.identity.AgentIdentity;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.prefix.Attribution;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A chat completion as it was asked for.
 *
 * @param customTools names of the tools that take a plain text
 */
record ChatBody(ChatRequest request, AnswerForm form, Set<String> customTools) {
    /** Who asks, under which id. */
    record Asker(RequestId id, TenantId tenant, AgentIdentity identity) {
        Optional<RunId> run() {
            return identity.run();
        }
    }

    static ChatBody read(final Fields body, final Asker asker) {
        final ModelId model = model(body);
        final List<Map<String, Object>> sent = MessageBody.read(body);
        final List<Map<String, Object>> messages = Hygiene.withoutAttribution(sent);
        final ToolBody tools = ToolBody.read(body);
        final OutputShape shape = new OutputShape(FormatBody.read(body), tools.strict(), tools.allowed());
        checkModalities(body);
        final AnswerForm form = AnswerForm.read(body, model, body.flag("logprobs", false))
            .withPrefix(messages == sent ? "" : Attribution.DROPPED);
        final AskedSampling sampling = SamplingBody.read(body, topLogprobs(body, form.logprobs()));
        final int choices = SamplingBody.choices(body);
        final ChatRequest.Options options = new ChatRequest.Options(
            choices, SamplingBody.stops(body), tools.calls(), tools.demand(), new int[0], shape)
            .with(SamplingBody.bestOf(body, choices), SamplingBody.priority(body))
            .in(ChatRequest.Context.NONE.predicting(PredictionBody.read(body)).retaining(CacheRetention.wishes(body)));
        final ChatRequest request = new ChatRequest(asker.id(), asker.tenant(), asker.run(), model,
            List.of(new Prompt.Messages(messages, tools.tools(), TemplateNames.read(body))), outputTokensMax(body),
            body.longInteger("seed"), sampling, asker.identity().applied(options));
        return new ChatBody(request, form, tools.custom());
    }

    /** @throws SpillwayException also for names no model can have: those are unknown, not malformed */
    static ModelId model(final Fields body) {
        final String name = body.requiredText("model");
        try {
            return new ModelId(name);
        } catch (final IllegalArgumentException e) {
            throw unknownModel(name);
        }
    }

    static SpillwayException unknownModel(final String name) {
        return SpillwayException.ofField(ErrorCode.MODEL_NOT_FOUND, "model",
            "The model `" + name + "` does not exist or you do not have access to it.");
    }

    private static OptionalInt outputTokensMax(final Fields body) {
        final OptionalInt newer = body.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
        final OptionalInt older = body.integer("max_tokens", 1, Integer.MAX_VALUE);
        return newer.isPresent() ? newer : older;
    }

    private static int topLogprobs(final Fields body, final boolean logprobs) {
        final OptionalInt top = body.integer("top_logprobs", 0, SamplingParams.TOP_LOGPROBS_MAX);
        if (top.isPresent() && !logprobs) {
            throw body.invalid("top_logprobs", "it needs 'logprobs' to be true.");
        }
        return logprobs ? top.orElse(0) : -1;
    }

    private static void checkModalities(final Fields body) {
        body.array("modalities").forEach(modality -> {
            if (!"text".equals(modality.asText())) {
                throw body.unsupported("modalities", "this model writes text only.");
            }
        });
        if (body.has("audio")) {
            throw body.unsupported("audio", "this model writes text only.");
        }
        if (body.has("web_search_options")) {
            throw body.unsupported("web_search_options", "this server does not search the web; offer a tool that does.");
        }
    }
}
