package io.spillway.gateway.openai;

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
 * @param tools   what the model is told of, keys in one fixed order, so that equal tools give equal prompts; it is told of them even when
 *                none may be called, so that the prompt stays the same
 * @param calls   how calls are looked for in the output
 * @param demand  a call the answer must begin with: a function's name, or "" for any; empty = none
 * @param strict  names of the tools whose schema must be kept
 * @param allowed names of the tools that may be called; empty = all
 * @param custom  names of the tools that take a plain text
 */
record ToolBody(List<Map<String, Object>> tools, ToolCalls calls, Optional<String> demand, Set<String> strict, Set<String> allowed,
    Set<String> custom) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final int TOOLS_MAX = 1024;

    static ToolBody read(final Fields body) {
        if (body.has("functions") || body.has("function_call")) {
            throw body.unsupported(body.has("functions") ? "functions" : "function_call", "use 'tools' and 'tool_choice'.");
        }
        final Offer offer = Offer.read(body);
        final ToolChoice choice = ToolChoice.read(body, offer.names);
        final boolean many = body.flag("parallel_tool_calls", true);
        if (choice.isNone() || offer.tools.isEmpty()) {
            return new ToolBody(offer.tools, ToolCalls.NONE, Optional.empty(), Set.of(), Set.of(), Set.of());
        }
        return new ToolBody(offer.tools, many && choice.name().isEmpty() ? ToolCalls.MANY : ToolCalls.ONE, choice.demand(), offer.strict,
            choice.allowed(), offer.custom);
    }

    /** What is offered. */
    private static final class Offer {
        private final List<Map<String, Object>> tools = new ArrayList<>();
        private final Set<String> names = new HashSet<>();
        private final Set<String> strict = new HashSet<>();
        private final Set<String> custom = new HashSet<>();

        static Offer read(final Fields body) {
            final Offer offer = new Offer();
            final List<Fields> tools = body.objects("tools");
            if (tools.size() > TOOLS_MAX) {
                throw body.invalid("tools", "more than " + TOOLS_MAX + " tools.");
            }
            tools.forEach(offer::add);
            return offer;
        }

        private void add(final Fields tool) {
            final String type = tool.requiredText("type");
            final Map<String, Object> function = switch (type) {
                case "function" -> function(tool.requiredObject("function"));
                case "custom" -> custom(tool.requiredObject("custom"));
                default -> throw tool.unsupported("type", "'" + type + "' tools; only functions and custom tools can be offered.");
            };
            final Map<String, Object> result = new LinkedHashMap<>();
            result.put("type", "function");
            result.put("function", function);
            tools.add(result);
        }

        private Map<String, Object> function(final Fields function) {
            final String name = name(function);
            final Map<String, Object> result = new LinkedHashMap<>();
            result.put("name", name);
            function.text("description").ifPresent(description -> result.put("description", description));
            function.object("parameters").ifPresent(parameters -> result.put("parameters", ToolSchemas.canonical(parameters.toMap())));
            if (function.flag("strict", false)) {
                strict.add(name);
            }
            return result;
        }

        /** To the model, a custom tool is a function of one text; the schema is kept, so that the text can be taken out again. */
        private Map<String, Object> custom(final Fields tool) {
            final String name = name(tool);
            custom.add(name);
            strict.add(name);
            return CustomTools.function(name, tool);
        }

        private String name(final Fields tool) {
            final String name = tool.requiredText("name");
            if (!NAME.matcher(name).matches()) {
                throw tool.invalid("name", "expected 1 to 64 letters, digits, '_', '-' or '.'.");
            }
            names.add(name);
            return name;
        }
    }
}
