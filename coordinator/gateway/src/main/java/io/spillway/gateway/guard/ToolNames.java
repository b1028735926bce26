package io.spillway.gateway.guard;

import io.spillway.gateway.chat.Prompt;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The names of one request's tools. Agents put the name of a server before a tool's own ({@code mcp__orders__get_status}); small models
 * leave it out again, and operators, who write one policy for all agents, do not know it. Immutable.
 */
record ToolNames(List<String> names) {
    ToolNames {
        names = List.copyOf(names);
    }

    static ToolNames of(final List<Map<String, Object>> tools) {
        return new ToolNames(tools.stream().map(ToolNames::name).toList());
    }

    static String name(final Map<String, Object> tool) {
        return tool.get("function") instanceof Map<?, ?> function ? String.valueOf(function.get("name")) : "";
    }

    /** @return the tool that is plainly meant: the one of that name, or the only one whose name ends with it behind such a prefix */
    String spelled(final String own) {
        if (own.isBlank() || names.contains(own)) {
            return own;
        }
        final List<String> ending = names.stream().filter(name -> endsWith(name, own)).toList();
        return ending.size() == 1 ? ending.getFirst() : own;
    }

    private static boolean endsWith(final String name, final String own) {
        return name.length() > own.length() && name.endsWith(own) && !Character.isLetterOrDigit(name.charAt(name.length() - own.length() - 1));
    }

    /** @return which of a policy's names means that tool: its very name, else the longest */
    Optional<String> meaning(final String tool, final Set<String> policy) {
        return policy.contains(tool) ? Optional.of(tool) : policy.stream().filter(name -> spelled(name).equals(tool))
            .max(Comparator.comparingInt(String::length).thenComparing(Comparator.naturalOrder()));
    }

    /** @return the prompt without the tools that a policy keeps back, by its names for them; those in {@code demanded} stay */
    static Prompt.Messages without(final Prompt.Messages prompt, final Set<String> keptBack, final Set<String> demanded) {
        final ToolNames all = of(prompt.tools());
        final List<Map<String, Object>> told = prompt.tools().stream()
            .filter(tool -> demanded.contains(name(tool)) || all.meaning(name(tool), keptBack).isEmpty()).toList();
        return told.size() == prompt.tools().size() ? prompt : new Prompt.Messages(prompt.messages(), told, prompt.extra());
    }
}
