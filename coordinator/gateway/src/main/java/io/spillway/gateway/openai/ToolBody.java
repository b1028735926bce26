package io.spillway.gateway.openai;

import io.spillway.gateway.chat.ChatRequest.ToolCalls;
import io.spillway.gateway.json.Fields;
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
 * @param tools  what the model is told of, keys in one fixed order, so that equal tools give equal prompts
 * @param calls  how calls are looked for in the output
 * @param strict names of the tools whose schema must be kept
 * @param demand a call the answer must begin with: a function's name, or "" for any; empty = none
 */
record ToolBody(List<Map<String, Object>> tools, ToolCalls calls, Optional<String> demand, Set<String> strict) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final int TOOLS_MAX = 1024;

    /** What {@code tool_choice} says; {@code name} is "" unless one function was named. */
    private record Choice(String mode, String name) {
    }

    static ToolBody read(final Fields body) {
        if (body.has("functions") || body.has("function_call")) {
            throw body.unsupported(body.has("functions") ? "functions" : "function_call", "use 'tools' and 'tool_choice'.");
        }
        final List<Map<String, Object>> tools = tools(body);
        final Choice choice = choice(body);
        final boolean demanded = !choice.mode.equals("auto") && !choice.mode.equals("none");
        if (demanded && tools.isEmpty()) {
            throw body.invalid("tool_choice", "a call is demanded but there are no 'tools'.");
        }
        final boolean many = body.flag("parallel_tool_calls", true);
        if (choice.mode.equals("none") || tools.isEmpty()) {
            return new ToolBody(List.of(), ToolCalls.NONE, Optional.empty(), Set.of());
        }
        final List<Map<String, Object>> offered = choice.name.isEmpty() ? tools : only(choice.name, tools, body);
        return new ToolBody(offered, many && choice.name.isEmpty() ? ToolCalls.MANY : ToolCalls.ONE,
            demanded ? Optional.of(choice.name) : Optional.empty(), strict(body));
    }

    private static Set<String> strict(final Fields body) {
        final Set<String> names = new HashSet<>();
        for (final Fields tool : body.objects("tools")) {
            final Fields function = tool.requiredObject("function");
            if (function.flag("strict", false)) {
                names.add(function.requiredText("name"));
            }
        }
        return names;
    }

    private static List<Map<String, Object>> tools(final Fields body) {
        final List<Map<String, Object>> tools = new ArrayList<>();
        for (final Fields tool : body.objects("tools")) {
            final String type = tool.requiredText("type");
            if (!type.equals("function")) {
                throw tool.unsupported("type", "'" + type + "' tools; only functions can be offered.");
            }
            final Map<String, Object> result = new LinkedHashMap<>();
            result.put("type", type);
            result.put("function", function(tool.requiredObject("function")));
            tools.add(result);
        }
        if (tools.size() > TOOLS_MAX) {
            throw body.invalid("tools", "more than " + TOOLS_MAX + " tools.");
        }
        return tools;
    }

    private static Map<String, Object> function(final Fields function) {
        final String name = function.requiredText("name");
        if (!NAME.matcher(name).matches()) {
            throw function.invalid("name", "expected 1 to 64 letters, digits, '_', '-' or '.'.");
        }
        final Map<String, Object> result = new LinkedHashMap<>();
        result.put("name", name);
        function.text("description").ifPresent(description -> result.put("description", description));
        function.object("parameters").ifPresent(parameters -> result.put("parameters", parameters.toMap()));
        function.flag("strict", false);
        return result;
    }

    private static Choice choice(final Fields body) {
        final var value = body.value("tool_choice");
        if (value.isEmpty()) {
            return new Choice("auto", "");
        }
        if (value.get().isTextual()) {
            final String mode = value.get().textValue();
            if (!List.of("auto", "none", "required").contains(mode)) {
                throw body.invalid("tool_choice", "'" + mode + "' is not one of none, auto, required.");
            }
            return new Choice(mode, "");
        }
        final Fields named = body.requiredObject("tool_choice");
        final String type = named.requiredText("type");
        if (!type.equals("function")) {
            throw named.unsupported("type", "'" + type + "'; name a function.");
        }
        return new Choice("named", named.requiredObject("function").requiredText("name"));
    }

    private static List<Map<String, Object>> only(
        final String name, final List<Map<String, Object>> tools, final Fields body) {
        final List<Map<String, Object>> named = tools.stream()
            .filter(tool -> tool.get("function") instanceof Map<?, ?> function && name.equals(function.get("name"))).toList();
        if (named.isEmpty()) {
            throw body.invalid("tool_choice", "'" + name + "' is not among the 'tools'.");
        }
        return named;
    }
}
