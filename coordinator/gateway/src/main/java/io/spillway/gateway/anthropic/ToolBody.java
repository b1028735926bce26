package io.spillway.gateway.anthropic;

import io.spillway.gateway.chat.ChatRequest.ToolCalls;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.prefix.ToolSchemas;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The tools of a request and what the caller wants of them.
 *
 * @param tools      what the model is told of, keys in one fixed order, so that equal tools give equal prompts
 * @param calls      how calls are looked for in the output
 * @param demand     a call the answer must begin with: a tool's name, or "" for any; empty = none
 * @param strict     names of the tools whose schema must be kept
 * @param allowed    names of the tools that may be called; empty = all
 * @param notOffered what the model is not told of: types of tools that only their maker's server can run, and {@code deferred} for
 *                   tools that no search has found yet
 */
record ToolBody(
    List<Map<String, Object>> tools, ToolCalls calls, Optional<String> demand, Set<String> strict, Set<String> allowed,
    List<String> notOffered) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,128}");
    private static final int TOOLS_MAX = 1024;
    /** Types of tools are told in a header, which must stay small. */
    private static final int TYPE_CHARS_MAX = 64;

    /** {@code tool_choice}; {@code name} is "" unless one tool was named. */
    private record Choice(String type, String name, boolean many) {
        boolean demands() {
            return type.equals("any") || type.equals("tool");
        }

        Set<String> allowed(final List<Map<String, Object>> tools, final Fields body) {
            if (!name.isEmpty() && tools.stream().noneMatch(tool -> name.equals(((Map<?, ?>) tool.get("function")).get("name")))) {
                throw body.invalid("tool_choice", "'" + name + "' is not among the tools that can be offered.");
            }
            return name.isEmpty() ? Set.of() : Set.of(name);
        }
    }

    static ToolBody read(final Fields body, final CacheMarks marks) {
        final List<Map<String, Object>> tools = new ArrayList<>();
        final Set<String> strict = new HashSet<>();
        final List<String> notOffered = new ArrayList<>();
        final Choice choice = choice(body);
        final DeferredTools deferred = DeferredTools.of(body, choice.name);
        for (final Fields tool : body.objects("tools")) {
            marks.take(tool);
            final String type = tool.text("type").orElse("custom");
            if (!type.equals("custom")) {
                notOffered.add(type.substring(0, Math.min(type.length(), TYPE_CHARS_MAX)));
                continue;
            }
            final Map<String, Object> definition = tool(tool, strict);
            if (deferred.isHeldBack(tool)) {
                notOffered.add("deferred");
            } else {
                tools.add(definition);
            }
        }
        marks.reach(0);
        if (tools.size() + notOffered.size() > TOOLS_MAX) {
            throw body.invalid("tools", "more than " + TOOLS_MAX + " tools.");
        }
        if (choice.demands() && tools.isEmpty()) {
            throw body.invalid("tool_choice", "a call is demanded, but there are no tools that can be offered.");
        }
        if (choice.type.equals("none") || tools.isEmpty()) {
            return new ToolBody(List.of(), ToolCalls.NONE, Optional.empty(), Set.of(), Set.of(), notOffered);
        }
        return new ToolBody(tools, choice.many && choice.name.isEmpty() ? ToolCalls.MANY : ToolCalls.ONE,
            choice.demands() ? Optional.of(choice.name) : Optional.empty(), strict, choice.allowed(tools, body), notOffered);
    }

    private static Map<String, Object> tool(final Fields tool, final Set<String> strict) {
        final String name = tool.requiredText("name");
        if (!NAME.matcher(name).matches()) {
            throw tool.invalid("name", "expected 1 to 128 letters, digits, '_', '-' or '.'.");
        }
        final Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", name);
        tool.text("description").ifPresent(description -> function.put("description", description));
        function.put("parameters", ToolSchemas.canonical(tool.requiredObject("input_schema").toMap()));
        if (tool.flag("strict", false)) {
            strict.add(name);
        }
        final Map<String, Object> result = new LinkedHashMap<>();
        result.put("type", "function");
        result.put("function", function);
        return result;
    }

    private static Choice choice(final Fields body) {
        final Optional<Fields> choice = body.object("tool_choice");
        if (choice.isEmpty()) {
            return new Choice("auto", "", true);
        }
        final String type = choice.get().requiredText("type");
        final boolean many = !choice.get().flag("disable_parallel_tool_use", false);
        return switch (type) {
            case "auto", "any", "none" -> new Choice(type, "", many);
            case "tool" -> new Choice(type, named(choice.get()), many);
            default -> throw choice.get().invalid("type", "'" + type + "' is not one of auto, any, tool, none.");
        };
    }

    private static String named(final Fields choice) {
        final String name = choice.requiredText("name");
        if (name.isEmpty()) {
            throw choice.invalid("name", "it is empty.");
        }
        return name;
    }
}
