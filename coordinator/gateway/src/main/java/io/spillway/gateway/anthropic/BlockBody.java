package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads content blocks. Stateless; any thread. */
final class BlockBody {
    private static final Set<String> PICTURES = Set.of("image", "container_upload");
    private static final String TEXT_ONLY = "blocks; this model reads text only.";

    private BlockBody() {
    }

    /** @return the block; empty when it holds nothing a model can be told */
    static Optional<Block> read(final Fields block, final boolean assistant) {
        final String type = block.requiredText("type");
        return switch (type) {
            case "text", "document", "search_result" -> Optional.of(new Block.Text(words(block, type)));
            case "thinking" -> own(block, assistant, Optional.of(new Block.Thought(block.requiredText("thinking"))));
            case "redacted_thinking" -> own(block, assistant, Optional.empty());
            case "tool_use" -> own(block, assistant, Optional.of(call(block)));
            case "tool_result" -> Optional.of(result(block, assistant));
            default -> throw unknown(block, type);
        };
    }

    private static Optional<Block> own(final Fields block, final boolean assistant, final Optional<Block> read) {
        if (!assistant) {
            throw block.invalid("type", "only the assistant's messages may hold such a block.");
        }
        return read;
    }

    private static RuntimeException unknown(final Fields block, final String type) {
        if (PICTURES.contains(type)) {
            return block.unsupported("type", "'" + type + "' " + TEXT_ONLY);
        }
        if (type.startsWith("server_tool_") || type.startsWith("mcp_tool_") || type.endsWith("_tool_result")) {
            return block.unsupported("type", "'" + type + "' blocks; this server runs no tools of its own.");
        }
        return block.invalid("type", "'" + type + "' is not a kind of content block.");
    }

    private static Block call(final Fields block) {
        final ObjectNode input = block.object("input").flatMap(object -> block.value("input"))
            .map(ObjectNode.class::cast).orElseGet(Json::object);
        return new Block.Call(block.requiredText("id"), block.requiredText("name"), input);
    }

    private static Block result(final Fields block, final boolean assistant) {
        if (assistant) {
            throw block.invalid("type", "results belong into a message of the user's.");
        }
        return new Block.Result(block.requiredText("tool_use_id"), text(block, "content"), block.flag("is_error", false));
    }

    /** @return the words of a field that holds a string or an array of blocks; "" when it is absent */
    static String text(final Fields of, final String field) {
        final Optional<JsonNode> content = of.value(field);
        if (content.isEmpty() || content.get().isTextual()) {
            return content.map(JsonNode::textValue).orElse("");
        }
        final List<String> words = new ArrayList<>();
        for (final Fields block : of.objects(field)) {
            words.add(words(block, block.requiredText("type")));
        }
        return String.join("\n", words);
    }

    private static String words(final Fields block, final String type) {
        return switch (type) {
            case "text" -> block.requiredText("text");
            case "document" -> document(block);
            case "search_result" -> titled(block.text("title"), block.text("source"), text(block, "content"));
            case "tool_reference" -> block.requiredText("tool_name");
            default -> throw unknown(block, type);
        };
    }

    private static String document(final Fields block) {
        final Fields source = block.requiredObject("source");
        final String type = source.requiredText("type");
        final String words = switch (type) {
            case "text" -> source.requiredText("data");
            case "content" -> text(source, "content");
            case "base64", "url", "file" -> throw source.unsupported("type", "'" + type + "' documents; send the text itself.");
            default -> throw source.invalid("type", "'" + type + "' is not one of text, content, base64, url, file.");
        };
        return titled(block.text("title"), block.text("context"), words);
    }

    private static String titled(final Optional<String> title, final Optional<String> more, final String words) {
        final StringBuilder text = new StringBuilder();
        title.ifPresent(line -> text.append(line).append('\n'));
        more.ifPresent(line -> text.append(line).append('\n'));
        return text.append(words).toString();
    }
}
