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
     * @param problem   empty when the call is sound
     */
    record Verdict(String arguments, boolean repaired, Optional<Problem> problem) {
        static Verdict wrong(final String arguments, final String problem) {
            return new Verdict(arguments, false, Optional.of(Problem.malformed(problem)));
        }
    }

    /**
     * What is wrong with a call or an answer.
     *
     * @param text      what the model is to be told
     * @param forbidden whether the contract forbids it now, however it is spelled
     * @param instead   what the operator wants in its place
     */
    record Problem(String text, boolean forbidden, Optional<ToolContract.Instead> instead) {
        static Problem malformed(final String text) {
            return new Problem(text, false, Optional.empty());
        }
    }

    /** @return what is wrong with an answer that calls nothing */
    Optional<Problem> judgeAnswer(final String answer) {
        return policy.rules().claims().stream().flatMap(claim -> claim.occurrences(answer).map(said -> problem(claim.contract(), said)))
            .flatMap(Optional::stream).findFirst();
    }

    /** @return whether the request has that tool */
    boolean offers(final String tool) {
        return schema(tool).isPresent();
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
        final Optional<Problem> problem = SchemaCheck.problem(arguments, schema.get(), "").map(Problem::malformed)
            .or(() -> repeated(tool, arguments)).or(() -> problem(policy.contract(tool), arguments));
        final boolean repaired = strict.isEmpty() || !arguments.equals(strict.get());
        return new Verdict(repaired ? Repairs.text(arguments) : written, repaired, problem);
    }

    private Optional<Problem> repeated(final String tool, final Map<String, Object> arguments) {
        return policy.contract(tool).unrepeated() && conversation.repeats(tool, arguments)
            ? Optional.of(new Problem("this call was made already; use its result", true, Optional.empty())) : Optional.empty();
    }

    private Optional<Problem> problem(final ToolContract contract, final Map<String, Object> arguments) {
        return ungrounded(contract, arguments).or(() -> contract.requirements().stream()
            .filter(requirement -> requirement.applies(arguments, conversation.variables()))
            .flatMap(requirement -> breach(requirement, arguments).map(text -> new Problem(text, true,
                requirement.otherwise().instead().map(instead -> instead.filled(arguments)))).stream()).findFirst());
    }

    private Optional<Problem> ungrounded(final ToolContract contract, final Map<String, Object> arguments) {
        final Optional<String> value = contract.grounded().stream()
            .filter(name -> arguments.get(name) != null && !conversation.said(arguments.get(name)))
            .findFirst().map(name -> "'" + name + "' is " + arguments.get(name) + ", which nobody has said");
        return value.or(() -> contract.said().stream().map(text -> filled(text, arguments)).filter(text -> !conversation.saidExactly(text))
            .findFirst().map(text -> "nobody has said '" + text + "'")).map(Problem::malformed);
    }

    private static String filled(final String template, final Map<String, Object> arguments) {
        String text = template;
        for (final Map.Entry<String, Object> argument : arguments.entrySet()) {
            text = text.replace("{" + argument.getKey() + "}", String.valueOf(argument.getValue()));
        }
        return text;
    }

    private Optional<String> breach(final ToolContract.Requirement requirement, final Map<String, Object> arguments) {
        final String say = requirement.otherwise().say();
        Map<String, Object> result = Map.of();
        if (!requirement.call().isEmpty()) {
            final Optional<Conversation.Earlier> earlier = conversation.latest(requirement.call(), requirement.same(), arguments);
            if (earlier.isEmpty()) {
                return Optional.of(say.isEmpty() ? "call " + requirement.call() + " first" : say);
            }
            result = earlier.get().result();
        }
        final Condition.Facts facts = new Condition.Facts(result, arguments, conversation.variables());
        for (final Condition condition : requirement.where()) {
            if (!condition.holds(facts)) {
                return Optional.of(say.isEmpty()
                    ? "not allowed unless " + condition.field() + " " + condition.operator() + " " + condition.operand() : say);
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
