package io.spillway.coordinator.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.Pooling;
import io.spillway.domain.request.RunTerms;
import io.spillway.gateway.chat.AskedSampling;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.EmbeddingRequest;
import io.spillway.gateway.chat.Prompt;
import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.v1.ChatMessage;
import io.spillway.wire.v1.EmbedRequest;
import io.spillway.wire.v1.Tool;
import io.spillway.wire.v1.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** SDK messages as requests of the line, in the shape that chat templates expect. Stateless; any thread. */
final class SdkRequests {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** @throws SpillwayException naming the offending field */
    ChatRequest toDomain(final io.spillway.wire.v1.ChatRequest request, final TenantId tenant) {
        if (request.getMessagesCount() == 0) {
            throw SpillwayException.ofField(ErrorCode.MISSING_FIELD, "messages", "a chat needs at least one message");
        }
        notNegative("output_tokens_max", request.getOutputTokensMax());
        final List<Map<String, Object>> messages = new ArrayList<>();
        request.getMessagesList().forEach(message -> messages.add(message(message)));
        final List<Map<String, Object>> tools = new ArrayList<>();
        for (int i = 0; i < (SdkWishes.calls(request) == ChatRequest.ToolCalls.NONE ? 0 : request.getToolsCount()); i++) {
            tools.add(tool(request.getTools(i), "tools[" + i + "].parameters_json"));
        }
        final var options = new ChatRequest.Options(1, request.getStopList(), SdkWishes.calls(request), SdkWishes.demand(request),
            RequestCodec.toArray(request.getEmittedTokensList()), SdkWishes.shape(request)).with(1, priority(request.getPriority()))
            .in(ChatRequest.Context.NONE.under(terms(request)));
        return new ChatRequest(new RequestId(request.getRequestId()), tenant,
            request.getRun().isEmpty() ? Optional.empty() : Optional.of(new RunId(request.getRun())),
            new ModelId(request.getModel()), List.of(new Prompt.Messages(messages, tools, Map.of())),
            request.getOutputTokensMax() == 0 ? OptionalInt.empty() : OptionalInt.of(request.getOutputTokensMax()),
            OptionalLong.of(request.getSampling().getSeed()), AskedSampling.of(RequestCodec.toDomain(request.getSampling())), options);
    }

    /** @throws SpillwayException naming the offending field */
    EmbeddingRequest toDomain(final EmbedRequest request, final TenantId tenant) {
        if (request.getInputsCount() == 0) {
            throw SpillwayException.ofField(ErrorCode.MISSING_FIELD, "inputs", "nothing to make a vector of");
        }
        return new EmbeddingRequest(new RequestId(request.getRequestId()), tenant,
            request.getRun().isEmpty() ? Optional.empty() : Optional.of(new RunId(request.getRun())),
            new ModelId(request.getModel()), request.getInputsList().stream().<Prompt>map(Prompt.Text::new).toList(),
            request.getPooling() == 0 ? Pooling.LAST : Pooling.ofNumber(request.getPooling()),
            priority(request.getPriority()));
    }

    private static RunTerms terms(final io.spillway.wire.v1.ChatRequest request) {
        notNegative("run_budget_nano_dollars", request.getRunBudgetNanoDollars());
        notNegative("run_steps_max", request.getRunStepsMax());
        notNegative("run_gap_millis", request.getRunGapMillis());
        return new RunTerms(request.getRunBudgetNanoDollars(), request.getRunStepsMax(), request.hasRunGapMillis() ? request.getRunGapMillis() : -1);
    }

    private static void notNegative(final String field, final long value) {
        if (value < 0) {
            throw SpillwayException.ofField(ErrorCode.BELOW_MINIMUM, field, field + " is negative");
        }
    }

    /** Idle capacity is for batches, which pay for it in their own way. */
    private static int priority(final int asked) {
        if (Math.abs((long) asked) > GenerationRequest.PRIORITY_MAX) {
            throw SpillwayException.ofField(asked < 0 ? ErrorCode.BELOW_MINIMUM : ErrorCode.ABOVE_MAXIMUM, "priority",
                "priority must be between " + -GenerationRequest.PRIORITY_MAX + " and " + GenerationRequest.PRIORITY_MAX + ": " + asked);
        }
        return asked;
    }

    private static Map<String, Object> message(final ChatMessage message) {
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("role", message.getRole());
        map.put("content", message.getContent());
        if (message.getToolCallsCount() > 0) {
            map.put("tool_calls", message.getToolCallsList().stream().map(SdkRequests::call).toList());
        }
        if (!message.getToolCallId().isEmpty()) {
            map.put("tool_call_id", message.getToolCallId());
        }
        return map;
    }

    private static Map<String, Object> call(final ToolCall call) {
        final Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", call.getName());
        function.put("arguments", call.getArgumentsJson());
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", call.getId());
        map.put("type", "function");
        map.put("function", function);
        return map;
    }

    private static Map<String, Object> tool(final Tool tool, final String field) {
        final Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", tool.getName());
        if (!tool.getDescription().isEmpty()) {
            function.put("description", tool.getDescription());
        }
        if (!tool.getParametersJson().isEmpty()) {
            function.put("parameters", parse(tool.getParametersJson(), field));
        }
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("type", "function");
        map.put("function", function);
        return map;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> parse(final String json, final String field) {
        try {
            return JSON.readValue(json, LinkedHashMap.class);
        } catch (final JsonProcessingException e) {
            throw SpillwayException.ofField(ErrorCode.INVALID_JSON, field, "not a JSON object: " + e.getOriginalMessage());
        }
    }
}
