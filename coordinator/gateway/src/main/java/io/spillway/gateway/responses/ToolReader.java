package io.spillway.gateway.responses;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.prefix.ToolSchemas;
import io.spillway.grammar.Grammar;
import io.spillway.grammar.GrammarSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Reads the {@code tools} of a request. Owned by one thread, for one request. */
final class ToolReader {
    /** Tools that run at the provider, or need a client of one provider: agents always send some. */
    private static final Set<String> NOT_OFFERED = Set.of("web_search", "web_search_2025_08_26", "web_search_preview",
        "web_search_preview_2025_03_11", "file_search", "computer", "computer_use", "computer_use_preview", "mcp", "code_interpreter",
        "image_generation", "local_shell", "shell", "apply_patch", "tool_search", "programmatic_tool_calling");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,128}");
    private static final int TOOLS_MAX = 1024;

    private final List<Tool> tools = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private final SortedSet<String> notOffered = new TreeSet<>();

    private ToolReader() {
    }

    /**
     * What was read.
     *
     * @param offered    in the order of the request
     * @param notOffered types of tools that were taken and that the model is not told of
     */
    record Tools(List<Tool> offered, SortedSet<String> notOffered) {
    }

    /** @throws SpillwayException naming the field, for tools that are malformed, of an unknown type, or of one name */
    static Tools read(final Fields body) {
        final ToolReader reader = new ToolReader();
        body.objects("tools").forEach(tool -> reader.take(tool, ""));
        if (reader.tools.size() > TOOLS_MAX) {
            throw body.invalid("tools", "more than " + TOOLS_MAX + " tools.");
        }
        return new Tools(List.copyOf(reader.tools), reader.notOffered);
    }

    static boolean isKnownAndNotOffered(final String type) {
        return NOT_OFFERED.contains(type);
    }

    private void take(final Fields tool, final String namespace) {
        final String type = tool.requiredText("type");
        switch (type) {
            case "function" -> add(tool, function(tool, namespace));
            case "custom" -> add(tool, custom(tool, namespace));
            case "namespace" -> takeAll(tool, namespace);
            default -> {
                if (!NOT_OFFERED.contains(type)) {
                    throw tool.invalid("type", "'" + type + "' is not a type of tool.");
                }
                notOffered.add(type);
            }
        }
    }

    private void takeAll(final Fields group, final String namespace) {
        if (!namespace.isEmpty()) {
            throw group.invalid("type", "a namespace cannot hold another.");
        }
        final String name = name(group);
        group.objects("tools").forEach(tool -> take(tool, name));
    }

    private void add(final Fields from, final Tool tool) {
        if (!names.add(tool.name().told())) {
            throw from.invalid("name", "there is another tool named '" + tool.name().told() + "'.");
        }
        tools.add(tool);
    }

    private static String name(final Fields tool) {
        final String name = tool.requiredText("name");
        if (!NAME.matcher(name).matches()) {
            throw tool.invalid("name", "expected 1 to 128 letters, digits, '_', '-' or '.'.");
        }
        return name;
    }

    private static Tool function(final Fields tool, final String namespace) {
        final ToolName name = new ToolName(namespace, name(tool));
        final Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", name.told());
        tool.text("description").ifPresent(description -> function.put("description", description));
        tool.object("parameters").ifPresent(parameters -> function.put("parameters", ToolSchemas.canonical(parameters.toMap())));
        return new Tool(name, false, tool.flag("strict", false), definition(function));
    }

    private static Map<String, Object> definition(final Map<String, Object> function) {
        final Map<String, Object> definition = new LinkedHashMap<>();
        definition.put("type", "function");
        definition.put("function", function);
        return definition;
    }

    /** The model's way of calling is JSON, so a text is told as the one argument of a function. */
    private static Tool custom(final Fields tool, final String namespace) {
        final ToolName name = new ToolName(namespace, name(tool));
        final Map<String, Object> input = new LinkedHashMap<>();
        input.put("type", "string");
        final StringBuilder description = new StringBuilder(tool.text("description").orElse(""));
        tool.object("format").ifPresent(format -> constrain(format, input, description));
        final Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("type", "object");
        parameters.put("properties", Map.of(CustomInput.FIELD, input));
        parameters.put("required", List.of(CustomInput.FIELD));
        parameters.put("additionalProperties", false);
        final Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", name.told());
        function.put("description", description.toString());
        function.put("parameters", parameters);
        return new Tool(name, true, true, definition(function)); // strict, so that the text can be taken out again
    }

    /** An expression is kept; a grammar that cannot be is told to the model in words. */
    private static void constrain(final Fields format, final Map<String, Object> input, final StringBuilder description) {
        final String type = format.requiredText("type");
        if (type.equals("text")) {
            return;
        }
        if (!type.equals("grammar")) {
            throw format.invalid("type", "'" + type + "' is not one of text, grammar.");
        }
        final String definition = format.requiredText("definition");
        final String syntax = format.requiredText("syntax");
        if (definition.isEmpty()) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, format.path("definition"), "The grammar is empty");
        }
        switch (syntax) {
            case "regex" -> {
                check(format, definition);
                input.put("pattern", "^(?:" + definition + ")$");
            }
            case "lark" -> description.append(description.isEmpty() ? "" : "\n\n")
                .append("The input must follow this Lark grammar:\n").append(definition);
            default -> throw format.invalid("syntax", "'" + syntax + "' is not one of lark, regex.");
        }
    }

    private static void check(final Fields format, final String expression) {
        try {
            Grammar.of(new GrammarSource.Regex(expression));
        } catch (final SpillwayException e) {
            throw SpillwayException.ofField(e.code(), format.path("definition"),
                "Invalid '" + format.path("definition") + "': " + e.getMessage());
        }
    }
}
