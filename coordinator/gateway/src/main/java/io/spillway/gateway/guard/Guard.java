package io.spillway.gateway.guard;

import io.spillway.gateway.chat.Prompt;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Judges the calls of one request. Belongs to the thread that runs it. */
final class Guard {
    private final GuardPolicy policy;
    private final Conversation conversation;
    private final List<Map<String, Object>> tools;

    Guard(final GuardPolicy policy, final Prompt.Messages prompt) {
        this.policy = policy;
        conversation = Conversation.of(prompt, policy);
        tools = prompt.tools();
    }

    /**
     * What became of one call.
     *
     * @param arguments JSON text to hand on
     * @param repaired  whether it differs from what the model wrote
     * @param problem   what the model is to be told; empty when the call is sound
     * @param forbidden whether the contract forbids calling this tool now, whatever the arguments are spelled like
     */
    record Verdict(String arguments, boolean repaired, Optional<String> problem, boolean forbidden) {
        static Verdict wrong(final String arguments, final String problem) {
            return new Verdict(arguments, false, Optional.of(problem), false);
        }
    }

    Verdict judge(final String tool, final String written) {
        final Optional<Map<?, ?>> schema = schema(tool);
        if (schema.isEmpty()) {
            return Verdict.wrong(written, "there is no tool '" + tool + "'; there are " + names());
        }
        final Optional<Map<String, Object>> strict = Repairs.parse(written);
        final Optional<Map<String, Object>> parsed = strict.isEmpty() && policy.repair() ? Repairs.parseLeniently(written) : strict;
        if (parsed.isEmpty()) {
            return Verdict.wrong(written, "the arguments are not a JSON object");
        }
        final Map<String, Object> arguments = policy.repair() ? Repairs.coerce(parsed.get(), schema.get()) : parsed.get();
        final Optional<String> malformed = SchemaCheck.problem(arguments, schema.get(), "").or(() -> ungrounded(tool, arguments));
        final Optional<String> breach = malformed.isPresent() ? Optional.empty() : breach(tool, arguments);
        final boolean repaired = strict.isEmpty() || !arguments.equals(strict.get());
        return new Verdict(repaired ? Repairs.text(arguments) : written, repaired, malformed.or(() -> breach), breach.isPresent());
    }

    private Optional<String> ungrounded(final String tool, final Map<String, Object> arguments) {
        return policy.contract(tool).grounded().stream().filter(name -> arguments.get(name) != null && !conversation.said(arguments.get(name)))
            .findFirst().map(name -> "'" + name + "' is " + arguments.get(name) + ", which nobody has said");
    }

    private Optional<String> breach(final String tool, final Map<String, Object> arguments) {
        final ToolContract contract = policy.contract(tool);
        if (contract.unrepeated() && conversation.repeats(tool, arguments)) {
            return Optional.of("this call was made already; use its result");
        }
        return contract.requirements().stream().filter(r -> r.applies(arguments, conversation.variables()))
            .map(requirement -> breach(requirement, arguments)).flatMap(Optional::stream).findFirst();
    }

    private Optional<String> breach(final ToolContract.Requirement requirement, final Map<String, Object> arguments) {
        Map<String, Object> result = Map.of();
        if (!requirement.call().isEmpty()) {
            final Optional<Conversation.Earlier> earlier = conversation.latest(requirement.call(), requirement.same(), arguments);
            if (earlier.isEmpty()) {
                return Optional.of(requirement.say().isEmpty() ? "call " + requirement.call() + " first" : requirement.say());
            }
            result = earlier.get().result();
        }
        final Condition.Facts facts = new Condition.Facts(result, arguments, conversation.variables());
        for (final Condition condition : requirement.where()) {
            if (!condition.holds(facts)) {
                return Optional.of(requirement.say().isEmpty()
                    ? "not allowed unless " + condition.field() + " " + condition.operator() + " " + condition.operand() : requirement.say());
            }
        }
        return Optional.empty();
    }

    private Optional<Map<?, ?>> schema(final String name) {
        return tools.stream().map(tool -> tool.get("function")).filter(function -> function instanceof Map<?, ?> map && name.equals(map.get("name")))
            .findFirst().map(function -> ((Map<?, ?>) function).get("parameters") instanceof Map<?, ?> schema ? schema : Map.of());
    }

    private List<Object> names() {
        return tools.stream().map(tool -> tool.get("function") instanceof Map<?, ?> function ? function.get("name") : "").map(Object.class::cast).toList();
    }
}
