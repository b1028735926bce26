package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;

/** Reads {@code input} into items of one form, each with an id. Owned by one thread, for one request. */
final class ItemReader {
    private static final Set<String> ROLES = Set.of("user", "assistant", "system", "developer");
    /** Calls of tools that run elsewhere, and what came of them: kept, and the model is not told of them. */
    private static final Set<String> UNTOLD = Set.of("file_search_call", "web_search_call", "computer_call", "computer_call_output",
        "image_generation_call", "code_interpreter_call", "mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "mcp_call",
        "tool_search_call", "tool_search_output", "local_shell_call", "local_shell_call_output", "shell_call", "shell_call_output",
        "apply_patch_call", "apply_patch_call_output");
    private static final int ITEMS_MAX = 100_000;

    private final ItemIds ids;
    private final Function<String, Optional<ObjectNode>> references;
    private final List<ObjectNode> items = new ArrayList<>();
    private final SortedSet<String> untold = new TreeSet<>();

    /**
     * @param ids        names items that come without one
     * @param references finds the item of an id
     */
    ItemReader(final ItemIds ids, final Function<String, Optional<ObjectNode>> references) {
        this.ids = ids;
        this.references = references;
    }

    /**
     * @param isOptional whether there may be none
     * @throws SpillwayException naming the field of an item that is malformed, unknown, or cannot be read
     */
    List<ObjectNode> read(final Fields body, final boolean isOptional) {
        final Optional<JsonNode> input = body.value("input");
        if (input.isEmpty()) {
            if (isOptional) {
                return List.of();
            }
            throw body.missing("input");
        }
        if (input.get().isTextual()) {
            items.add(message("user", "completed", content(input.get().textValue(), false)));
            return items;
        }
        if (!input.get().isArray()) {
            throw Fields.wrongType("input", "a string or an array of items", input.get());
        }
        if (input.get().size() > ITEMS_MAX) {
            throw body.invalid("input", "more than " + ITEMS_MAX + " items.");
        }
        body.objects("input").forEach(item -> items.add(item(item)));
        if (items.isEmpty() && !isOptional) {
            throw body.invalid("input", "empty array. Expected an array with minimum length 1.");
        }
        return items;
    }

    /** @return types of items that were taken and that the model is not told of */
    SortedSet<String> untold() {
        return untold;
    }

    private ObjectNode item(final Fields item) {
        final String type = item.text("type").orElseGet(() -> item.has("role") || !item.has("id") ? "message" : "item_reference");
        return switch (type) {
            case "message" -> message(item);
            case "function_call", "custom_tool_call" -> call(item, type);
            case "function_call_output", "custom_tool_call_output" -> output(item, type);
            case "reasoning" -> reasoning(item);
            case "item_reference" -> referenced(item);
            default -> {
                if (!UNTOLD.contains(type)) {
                    throw item.invalid("type", "'" + type + "' items are not known.");
                }
                untold.add(type);
                final ObjectNode kept = item.copy();
                kept.put("id", id(item, type));
                yield kept;
            }
        };
    }

    private String id(final Fields item, final String type) {
        return item.text("id").filter(id -> !id.isEmpty()).orElseGet(() -> ids.input(type, items.size()));
    }

    private static String status(final Fields item) {
        return item.text("status").filter(status -> status.equals("incomplete") || status.equals("in_progress")).orElse("completed");
    }

    private ObjectNode referenced(final Fields item) {
        final String id = item.requiredText("id");
        return references.apply(id).orElseThrow(() -> SpillwayException.ofField(ErrorCode.NOT_FOUND, item.path("id"),
            "Item with id '" + id + "' not found. Items are kept only of responses that were stored."));
    }

    private ObjectNode message(final String role, final String status, final ArrayNode content) {
        final ObjectNode message = Json.object();
        message.put("id", ids.input("message", items.size())).put("type", "message").put("status", status).put("role", role);
        message.set("content", content);
        return message;
    }

    private ObjectNode message(final Fields item) {
        final String role = item.requiredText("role");
        if (!ROLES.contains(role)) {
            throw item.invalid("role", "'" + role + "' is not one of user, assistant, system, developer.");
        }
        final JsonNode content = item.value("content").orElseThrow(() -> item.missing("content"));
        final boolean own = role.equals("assistant");
        final ObjectNode message;
        if (content.isTextual()) {
            message = message(role, status(item), content(content.textValue(), own));
        } else if (content.isArray()) {
            message = message(role, status(item), parts(item, "content", own));
        } else {
            throw Fields.wrongType(item.path("content"), "a string or an array of parts", content);
        }
        message.put("id", id(item, "message"));
        item.text("phase").ifPresent(phase -> message.put("phase", phase));
        return message;
    }

    private static ArrayNode content(final String text, final boolean own) {
        final ArrayNode content = Json.object().putArray("content");
        content.add(own ? outputText(text) : inputText(text));
        return content;
    }

    private static ObjectNode inputText(final String text) {
        return Json.object().put("type", "input_text").put("text", text);
    }

    static ObjectNode outputText(final String text) {
        final ObjectNode part = Json.object().put("type", "output_text").put("text", text);
        part.putArray("annotations");
        part.putArray("logprobs");
        return part;
    }

    private static ArrayNode parts(final Fields item, final String field, final boolean own) {
        final ArrayNode parts = Json.object().putArray(field);
        for (final Fields part : item.objects(field)) {
            final String type = part.requiredText("type");
            parts.add(switch (type) {
                case "input_text", "output_text", "text" ->
                    own ? outputText(part.requiredText("text")) : inputText(part.requiredText("text"));
                case "refusal" -> own ? Json.object().put("type", type).put("refusal", part.requiredText("refusal"))
                    : inputText(part.requiredText("refusal"));
                case "input_image", "input_file", "input_audio", "computer_screenshot" ->
                    throw part.unsupported("type", "'" + type + "' parts; this model reads text only.");
                default -> throw part.invalid("type", "'" + type + "' is not a kind of content part.");
            });
        }
        return parts;
    }

    private ObjectNode call(final Fields item, final String type) {
        final ObjectNode call = Json.object().put("id", id(item, type)).put("type", type).put("status", status(item));
        call.put("call_id", item.requiredText("call_id"));
        new ToolName(item.text("namespace").orElse(""), item.requiredText("name")).write(call);
        final String text = type.equals("custom_tool_call") ? "input" : "arguments";
        return call.put(text, item.requiredText(text));
    }

    private ObjectNode output(final Fields item, final String type) {
        final ObjectNode output = Json.object().put("id", id(item, type)).put("type", type).put("status", status(item));
        output.put("call_id", item.requiredText("call_id"));
        final JsonNode value = item.value("output").orElseThrow(() -> item.missing("output"));
        if (value.isTextual()) {
            return output.put("output", value.textValue());
        }
        if (!value.isArray()) {
            throw Fields.wrongType(item.path("output"), "a string or an array of parts", value);
        }
        output.set("output", parts(item, "output", false));
        return output;
    }

    private ObjectNode reasoning(final Fields item) {
        final ObjectNode reasoning = Json.object().put("id", id(item, "reasoning")).put("type", "reasoning");
        final ArrayNode summary = reasoning.putArray("summary");
        item.objects("summary").forEach(part -> summary.addObject().put("type", "summary_text").put("text", part.requiredText("text")));
        final ArrayNode content = Json.object().putArray("content");
        item.objects("content").forEach(part -> content.addObject().put("type", "reasoning_text").put("text", part.requiredText("text")));
        if (!content.isEmpty()) {
            reasoning.set("content", content);
        }
        item.text("encrypted_content").ifPresent(encrypted -> reasoning.put("encrypted_content", encrypted));
        return reasoning;
    }
}
