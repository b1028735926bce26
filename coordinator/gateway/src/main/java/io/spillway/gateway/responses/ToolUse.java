package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.gateway.chat.ChatRequest.ToolCalls;
import io.spillway.gateway.json.Fields;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.stream.Collectors;

/**
 * The tools of a request and what the caller wants of them.
 *
 * @param offered    what the model is told of: all of them, so that requests of one conversation share their beginning
 * @param calls      how calls are looked for in the output
 * @param demand     a call the answer must begin with: a told name, or "" for any; empty = none
 * @param allowed    told names of the tools that may be called; empty = all
 * @param notOffered types of tools that were taken and that the model is not told of
 */
record ToolUse(
    List<Tool> offered, ToolCalls calls, Optional<String> demand, Set<String> allowed, SortedSet<String> notOffered) {

    /** What {@code tool_choice} says. */
    private sealed interface Choice {
        /** @return whether there must be a call */
        default boolean required() {
            return true;
        }

        /** @return told names of the tools that may be called; empty = all */
        default Set<String> names() {
            return Set.of();
        }

        /** Whichever the model likes. */
        record Any(boolean required) implements Choice {
        }

        /** No calls. */
        record None() implements Choice {
            @Override
            public boolean required() {
                return false;
            }
        }

        /** @param name told name */
        record Named(String name) implements Choice {
            @Override
            public Set<String> names() {
                return Set.of(name);
            }
        }

        /** Some of them. */
        record Allowed(Set<String> names, boolean required) implements Choice {
        }
    }

    static ToolUse read(final Fields body) {
        final ToolReader.Tools tools = ToolReader.read(body);
        final boolean many = body.flag("parallel_tool_calls", true);
        final ToolCalls calls = many ? ToolCalls.MANY : ToolCalls.ONE;
        final Choice choice = choice(body);
        if (choice instanceof Choice.None || tools.offered().isEmpty() || choice instanceof Choice.Allowed some && some.names.isEmpty()) {
            if (choice.required()) {
                throw body.invalid("tool_choice", "a call is demanded but there are no 'tools' that the model can be offered.");
            }
            return new ToolUse(List.of(), ToolCalls.NONE, Optional.empty(), Set.of(), tools.notOffered());
        }
        checkNames(body, tools.offered(), choice.names());
        return switch (choice) {
            case Choice.Named named -> new ToolUse(
                tools.offered(), ToolCalls.ONE, Optional.of(named.name), named.names(), tools.notOffered());
            default -> new ToolUse(tools.offered(), calls, choice.required() ? Optional.of("") : Optional.empty(), choice.names(),
                tools.notOffered());
        };
    }

    private static void checkNames(final Fields body, final List<Tool> tools, final Set<String> names) {
        final Set<String> known = tools.stream().map(tool -> tool.name().told()).collect(Collectors.toSet());
        for (final String name : names) {
            if (!known.contains(name)) {
                throw body.invalid("tool_choice", "'" + name + "' is not among the 'tools'.");
            }
        }
    }

    private static Choice choice(final Fields body) {
        final Optional<JsonNode> value = body.value("tool_choice");
        if (value.isEmpty()) {
            return new Choice.Any(false);
        }
        if (value.get().isTextual()) {
            return switch (value.get().textValue()) {
                case "auto" -> new Choice.Any(false);
                case "required" -> new Choice.Any(true);
                case "none" -> new Choice.None();
                default -> throw body.invalid("tool_choice",
                    "'" + value.get().textValue() + "' is not one of none, auto, required.");
            };
        }
        final Fields choice = body.requiredObject("tool_choice");
        final String type = choice.requiredText("type");
        return switch (type) {
            case "function", "custom" -> new Choice.Named(told(choice));
            case "allowed_tools" -> allowed(choice);
            default -> throw ToolReader.isKnownAndNotOffered(type)
                ? choice.unsupported("type", "'" + type + "'; this server does not offer that tool.")
                : choice.invalid("type", "'" + type + "' is not one of function, custom, allowed_tools.");
        };
    }

    private static Choice allowed(final Fields choice) {
        final String mode = choice.requiredText("mode");
        if (!mode.equals("auto") && !mode.equals("required")) {
            throw choice.invalid("mode", "'" + mode + "' is not one of auto, required.");
        }
        final Set<String> names = new HashSet<>();
        for (final Fields tool : choice.objects("tools")) {
            final String type = tool.requiredText("type");
            if (type.equals("function") || type.equals("custom")) {
                names.add(told(tool));
            } else if (!ToolReader.isKnownAndNotOffered(type)) {
                throw tool.invalid("type", "'" + type + "' is not a type of tool.");
            }
        }
        return new Choice.Allowed(names, mode.equals("required"));
    }

    private static String told(final Fields tool) {
        return new ToolName(tool.text("namespace").orElse(""), tool.requiredText("name")).told();
    }

    /** @return tools by the names that the model uses */
    Map<String, Tool> byToldName() {
        final Map<String, Tool> byName = new HashMap<>();
        offered.forEach(tool -> byName.put(tool.name().told(), tool));
        return byName;
    }

    /** @return told names of the tools whose schema must be kept */
    Set<String> strict() {
        return offered.stream().filter(Tool::strict).map(tool -> tool.name().told()).collect(Collectors.toSet());
    }

    /** @return what the model is told, as chat templates expect it */
    List<Map<String, Object>> definitions() {
        return offered.stream().map(Tool::definition).toList();
    }
}
