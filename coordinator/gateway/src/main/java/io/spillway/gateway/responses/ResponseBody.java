package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.request.SamplingParams;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.openai.CacheRetention;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Reads the fields of a request that are no items and no tools, and repeats them for the response. Owned by one thread. */
final class ResponseBody {
    private static final Set<String> INCLUDES = Set.of("file_search_call.results", "web_search_call.results",
        "web_search_call.action.sources", "message.input_image.image_url", "computer_call_output.output.image_url",
        "code_interpreter_call.outputs", "reasoning.encrypted_content", "message.output_text.logprobs");
    private static final Set<String> EFFORTS = Set.of("none", "minimal", "low", "medium", "high", "xhigh", "max");
    private static final Set<String> SUMMARIES = Set.of("auto", "concise", "detailed");
    private static final int METADATA_MAX = 16;
    private static final int SAFETY_CHARS_MAX = 64;

    private final Fields body;
    private final ObjectNode echo = Json.object();
    private final Set<String> include = new HashSet<>();
    private final Map<String, Object> templateNames = new LinkedHashMap<>();
    private Optional<String> summary = Optional.empty();

    private ResponseBody(final Fields body) {
        this.body = body;
    }

    /** @throws SpillwayException naming a field that is malformed, out of range, or asks for what is not there */
    static ResponseBody read(final Fields body) {
        final ResponseBody read = new ResponseBody(body);
        read.refuse();
        read.readIncludes();
        read.readReasoning();
        read.readEcho();
        return read;
    }

    /** @return what the response repeats */
    ObjectNode echo() {
        return echo;
    }

    /** @return further names for the chat template */
    Map<String, Object> templateNames() {
        return templateNames;
    }

    /** @throws SpillwayException also for names no model can have: those are unknown, not malformed */
    ModelId model() {
        final String name = body.requiredText("model");
        try {
            return new ModelId(name);
        } catch (final IllegalArgumentException e) {
            throw SpillwayException.ofField(ErrorCode.MODEL_NOT_FOUND, "model",
                "The model `" + name + "` does not exist or you do not have access to it.");
        }
    }

    /** @return likeliest tokens wanted at each place; -1 = no probabilities */
    int topLogprobs() {
        return include.contains("message.output_text.logprobs") ? echo.path("top_logprobs").asInt() : -1;
    }

    boolean truncates() {
        return echo.path("truncation").asText().equals("auto");
    }

    OptionalInt outputTokensMax() {
        return body.integer("max_output_tokens", 1, Integer.MAX_VALUE);
    }

    ResponseRequest.Form form() {
        final boolean stored = echo.path("store").asBoolean();
        final boolean background = echo.path("background").asBoolean();
        if (background && !stored) {
            throw body.invalid("background", "a response in the background must be stored: 'store' must not be false.");
        }
        final boolean stream = body.flag("stream", false);
        final Optional<Fields> options = body.object("stream_options");
        options.ifPresent(fields -> fields.flag("include_obfuscation", false));
        if (options.isPresent() && !stream) {
            throw body.invalid("stream_options", "it is only allowed when 'stream' is true.");
        }
        return new ResponseRequest.Form(stream, stored, background, include.contains("reasoning.encrypted_content"),
            summary.isPresent());
    }

    private void refuse() {
        if (body.has("conversation")) {
            throw body.unsupported("conversation", "use 'previous_response_id'; conversations are not kept by name.");
        }
        if (body.has("prompt")) {
            throw body.unsupported("prompt", "prompt templates are not kept here.");
        }
        if (body.has("context_management")) {
            throw body.unsupported("context_management", "contexts are not compacted here; 'truncation' may be 'auto'.");
        }
    }

    private void readIncludes() {
        for (final JsonNode name : body.array("include")) {
            if (!name.isTextual() || !INCLUDES.contains(name.textValue())) {
                throw body.invalid("include", (name.isTextual() ? "'" + name.textValue() + "'" : "an element")
                    + " is not something that can be included.");
            }
            include.add(name.textValue());
        }
    }

    private void readReasoning() {
        final ObjectNode reasoning = Json.object().putNull("effort").putNull("summary");
        body.object("reasoning").ifPresent(fields -> {
            fields.text("effort").ifPresent(effort -> {
                reasoning.put("effort", oneOf(fields, "effort", effort, EFFORTS));
                templateNames.put("reasoning_effort", effort);
                if (effort.equals("none")) {
                    templateNames.put("enable_thinking", false);
                }
            });
            summary = fields.text("summary").map(word -> oneOf(fields, "summary", word, SUMMARIES))
                .or(() -> fields.text("generate_summary").map(word -> oneOf(fields, "generate_summary", word, SUMMARIES)));
            summary.ifPresent(word -> reasoning.put("summary", word));
        });
        echo.set("reasoning", reasoning);
        body.object("chat_template_kwargs").ifPresent(names -> names.toMap().forEach((name, value) -> {
            if (value != null) {
                templateNames.put(name, value);
            }
        }));
    }

    private static String oneOf(final Fields fields, final String name, final String word, final Set<String> words) {
        if (!words.contains(word)) {
            throw fields.invalid(name, "'" + word + "' is not one of " + String.join(", ", words.stream().sorted().toList()) + ".");
        }
        return word;
    }

    private void readEcho() {
        echo.put("model", body.requiredText("model"));
        echo.put("background", body.flag("background", false));
        echo.put("store", body.flag("store", true));
        echo.put("instructions", body.text("instructions").orElse(null));
        echo.put("previous_response_id", body.text("previous_response_id").orElse(null));
        echoInteger("max_output_tokens", body.integer("max_output_tokens", 1, Integer.MAX_VALUE));
        echoInteger("max_tool_calls", body.integer("max_tool_calls", 1, Integer.MAX_VALUE));
        echo.put("parallel_tool_calls", body.flag("parallel_tool_calls", true));
        echo.put("temperature", body.number("temperature", 0, 2).orElse(1));
        echo.put("top_p", body.number("top_p", 0, 1).orElse(1));
        echo.put("top_logprobs", body.integer("top_logprobs", 0, SamplingParams.TOP_LOGPROBS_MAX).orElse(0));
        echo.put("truncation", body.text("truncation").map(word -> oneOf(body, "truncation", word, Set.of("auto", "disabled")))
            .orElse("disabled"));
        body.text("service_tier");
        echo.put("service_tier", "default");
        body.text("user").ifPresent(user -> echo.put("user", user));
        echo.put("safety_identifier", body.text("safety_identifier").map(this::short64).orElse(null));
        echo.put("prompt_cache_key", body.text("prompt_cache_key").orElse(null));
        CacheRetention.word(body).ifPresent(word -> echo.put("prompt_cache_retention", word));
        echo.set("metadata", metadata());
        echo.set("tool_choice", body.value("tool_choice").orElse(com.fasterxml.jackson.databind.node.TextNode.valueOf("auto")));
        echo.set("tools", tools());
    }

    private void echoInteger(final String name, final OptionalInt value) {
        if (value.isPresent()) {
            echo.put(name, value.getAsInt());
        } else {
            echo.putNull(name);
        }
    }

    private String short64(final String identifier) {
        if (identifier.length() > SAFETY_CHARS_MAX) {
            throw body.invalid("safety_identifier", "at most " + SAFETY_CHARS_MAX + " characters.");
        }
        return identifier;
    }

    private ObjectNode metadata() {
        final ObjectNode metadata = Json.object();
        body.object("metadata").ifPresent(fields -> {
            final Set<String> keys = fields.toMap().keySet();
            if (keys.size() > METADATA_MAX) {
                throw body.invalid("metadata", "at most " + METADATA_MAX + " keys.");
            }
            keys.forEach(key -> metadata.put(key, fields.text(key).orElse("")));
        });
        return metadata;
    }

    /** Functions say what they leave out: the response always has it. */
    private ArrayNode tools() {
        final ArrayNode tools = Json.object().putArray("tools");
        for (final Fields tool : body.objects("tools")) {
            final ObjectNode copy = tool.copy();
            if (copy.path("type").asText().equals("function")) {
                copy.put("strict", tool.flag("strict", false));
                if (!copy.has("parameters")) {
                    copy.putNull("parameters");
                }
            }
            tools.add(copy);
        }
        return tools;
    }
}
