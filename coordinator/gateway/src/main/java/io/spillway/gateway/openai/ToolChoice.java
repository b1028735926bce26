package io.spillway.gateway.openai;

import io.spillway.gateway.json.Fields;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What {@code tool_choice} says.
 *
 * @param mode    {@code auto}, {@code none} or {@code required}
 * @param name    the one tool that must be called; "" = not just one
 * @param allowed names of the tools that may be called; empty = all
 */
record ToolChoice(String mode, String name, Set<String> allowed) {
    private static final List<String> MODES = List.of("auto", "none", "required");
    private static final List<String> KINDS = List.of("function", "custom");

    /**
     * @param offered names of the request's tools
     * @throws io.spillway.domain.error.SpillwayException for a choice that is malformed or that no tool satisfies
     */
    static ToolChoice read(final Fields body, final Set<String> offered) {
        final ToolChoice choice = parse(body, offered);
        if (choice.demand().isPresent() && offered.isEmpty()) {
            throw body.invalid("tool_choice", "a call is demanded but there are no 'tools'.");
        }
        return choice;
    }

    private static ToolChoice parse(final Fields body, final Set<String> offered) {
        final var value = body.value("tool_choice");
        if (value.isEmpty()) {
            return new ToolChoice("auto", "", Set.of());
        }
        if (value.get().isTextual()) {
            final String mode = value.get().textValue();
            if (!MODES.contains(mode)) {
                throw body.invalid("tool_choice", "'" + mode + "' is not one of none, auto, required.");
            }
            return new ToolChoice(mode, "", Set.of());
        }
        final Fields object = body.requiredObject("tool_choice");
        final String type = object.requiredText("type");
        if (KINDS.contains(type)) {
            final String name = named(object.requiredObject(type), body, offered);
            return new ToolChoice("required", name, Set.of(name));
        }
        if (type.equals("allowed_tools")) {
            return allowed(object.requiredObject("allowed_tools"), body, offered);
        }
        throw object.invalid("type", "'" + type + "' is not one of function, custom, allowed_tools.");
    }

    private static ToolChoice allowed(final Fields allowed, final Fields body, final Set<String> offered) {
        final String mode = allowed.requiredText("mode");
        if (!mode.equals("auto") && !mode.equals("required")) {
            throw allowed.invalid("mode", "'" + mode + "' is not one of auto, required.");
        }
        final Set<String> names = new HashSet<>();
        for (final Fields tool : allowed.objects("tools")) {
            final String type = tool.requiredText("type");
            if (!KINDS.contains(type)) {
                throw tool.invalid("type", "'" + type + "' is not one of function, custom.");
            }
            names.add(named(tool.requiredObject(type), body, offered));
        }
        if (names.isEmpty()) {
            throw allowed.has("tools") ? allowed.invalid("tools", "empty array. Name at least one tool.") : allowed.missing("tools");
        }
        return new ToolChoice(mode, "", names);
    }

    private static String named(final Fields tool, final Fields body, final Set<String> offered) {
        final String name = tool.requiredText("name");
        if (!offered.contains(name)) {
            throw body.invalid("tool_choice", "'" + name + "' is not among the 'tools'.");
        }
        return name;
    }

    boolean isNone() {
        return mode.equals("none");
    }

    /** @return a call the answer must begin with: a tool's name, or "" for any; empty = none */
    Optional<String> demand() {
        return mode.equals("required") ? Optional.of(name) : Optional.empty();
    }
}
