package io.spillway.gateway.guard;

import io.spillway.gateway.chat.Prompt;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Judges the calls of one request. Belongs to the thread that runs it. */
final class Guard {
    /** Values that are put right in one answer: more than that is not an answer but a table. */
    private static final int REPAIRS_MAX = 32;

    private final GuardPolicy policy;
    private final Conversation conversation;
    private final List<Map<String, Object>> tools;
    private final ToolNames names;

    Guard(final GuardPolicy policy, final Prompt.Messages prompt) {
        this.policy = policy;
        conversation = Conversation.of(prompt, policy);
        tools = prompt.tools();
        names = ToolNames.of(tools);
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
     * @param decided   the value of an argument with which this would not be wrong
     * @param otherwise what to say after the last attempt
     */
    record Problem(String text, boolean forbidden, Optional<ToolContract.Instead> instead, Optional<Condition.Decided> decided,
            Optional<String> otherwise) {
        static Problem malformed(final String text) {
            return new Problem(text, false, Optional.empty(), Optional.empty(), Optional.empty());
        }

        static Problem forbidden(final String text, final Optional<ToolContract.Instead> instead) {
            return new Problem(text, true, instead, Optional.empty(), Optional.empty());
        }

        Problem otherwise(final Optional<String> saying) {
            return new Problem(text, forbidden, instead, decided, saying);
        }
    }

    /**
     * What became of an answer that calls nothing.
     *
     * @param text    to hand on
     * @param problem empty when all that it claims is so
     */
    record AnswerVerdict(String text, Optional<Problem> problem) {
    }

    /** Values that an equality decides are put right, where the policy repairs; everything else is a problem. */
    AnswerVerdict judgeAnswer(final String answer) {
        String text = answer;
        for (int repairs = 0;; repairs++) {
            final Optional<Found> found = firstWrong(text);
            if (found.isEmpty() || !policy.repair() || repairs == REPAIRS_MAX || found.get().problem().decided().isEmpty()) {
                return new AnswerVerdict(text, found.map(Found::problem));
            }
            final Condition.Decided decided = found.get().problem().decided().get();
            text = found.get().occurrence().put(text, decided.argument(), decided.value());
        }
    }

    private record Found(Claim.Occurrence occurrence, Problem problem) {
    }

    private Optional<Found> firstWrong(final String answer) {
        return policy.rules().claims().stream().flatMap(claim -> claim.occurrences(answer).stream()
            .flatMap(said -> problem(claim.contract(), said.arguments()).map(problem -> new Found(said,
                problem.otherwise(claim.otherwise().map(text -> filled(text, said.arguments()))))).stream())).findFirst();
    }

    /** @return whether the request has that tool */
    boolean offers(final String tool) {
        return schema(tool).isPresent();
    }

    /** @return the tool that is plainly meant by a name that the model wrote */
    String meant(final String tool) {
        return policy.repair() ? names.spelled(tool) : tool;
    }

    Verdict judge(final String tool, final String written) {
        final Optional<Map<?, ?>> schema = schema(tool);
        if (schema.isEmpty()) {
            return Verdict.wrong(written, "there is no tool '" + tool + "'; there are " + names.names());
        }
        final Optional<Map<String, Object>> strict = Repairs.parse(written);
        final Optional<Map<String, Object>> parsed = strict.isEmpty() && policy.repair() ? Repairs.parseLeniently(written) : strict;
        if (parsed.isEmpty()) {
            return Verdict.wrong(written, "the arguments are not a JSON object");
        }
        final Map<String, Object> arguments = policy.repair() ? Repairs.coerce(parsed.get(), schema.get()) : parsed.get();
        final Optional<Problem> problem = SchemaCheck.problem(arguments, schema.get(), "").map(Problem::malformed)
            .or(() -> repeated(tool, arguments)).or(() -> problem(policy.contract(tool, names), arguments));
        final boolean repaired = strict.isEmpty() || !arguments.equals(strict.get());
        return new Verdict(repaired ? Repairs.text(arguments) : written, repaired, problem);
    }

    private Optional<Problem> repeated(final String tool, final Map<String, Object> arguments) {
        return policy.contract(tool, names).unrepeated() && conversation.repeats(tool, arguments)
            ? Optional.of(Problem.forbidden("this call was made already; use its result", Optional.empty())) : Optional.empty();
    }

    private Optional<Problem> problem(final ToolContract contract, final Map<String, Object> arguments) {
        return ungrounded(contract, arguments).or(() -> contract.requirements().stream()
            .filter(requirement -> requirement.applies(arguments, conversation.variables()))
            .flatMap(requirement -> breach(requirement, arguments).stream()).findFirst());
    }

    private Optional<Problem> ungrounded(final ToolContract contract, final Map<String, Object> arguments) {
        final Optional<String> value = contract.grounded().stream()
            .filter(name -> arguments.get(name) != null && !conversation.said(arguments.get(name)))
            .findFirst().map(name -> "'" + name + "' is " + arguments.get(name) + ", which nobody has said");
        return value.or(() -> contract.said().stream().map(text -> filled(text, arguments)).filter(text -> !conversation.saidExactly(text))
            .findFirst().map(text -> "nobody has said '" + text + "'"))
            .or(() -> contract.unsaid().stream().map(text -> filled(text, arguments)).filter(conversation::saidExactly)
                .findFirst().map(text -> "'" + text + "' has been said")).map(Problem::malformed);
    }

    private static String filled(final String template, final Map<String, Object> arguments) {
        String text = template;
        for (final Map.Entry<String, Object> argument : arguments.entrySet()) {
            text = text.replace("{" + argument.getKey() + "}", String.valueOf(argument.getValue()));
        }
        return text;
    }

    private Optional<Problem> breach(final ToolContract.Requirement requirement, final Map<String, Object> arguments) {
        final ToolContract.Otherwise otherwise = requirement.otherwise();
        Map<String, Object> result = Map.of();
        if (!requirement.call().isEmpty()) {
            final Optional<Conversation.Earlier> earlier = conversation.latest(names.spelled(requirement.call()), requirement.same(), arguments);
            if (earlier.isEmpty()) {
                return Optional.of(Problem.forbidden(otherwise.say().isEmpty() ? "call " + requirement.call() + " first" : otherwise.say(),
                    otherwise.instead().map(instead -> instead.filled(arguments, Map.of()).named(names.spelled(instead.call())))));
            }
            result = earlier.get().result();
        }
        final Condition.Facts facts = new Condition.Facts(result, arguments, conversation.variables());
        return requirement.where().stream().filter(condition -> !condition.holds(facts)).findFirst().map(condition -> new Problem(
            otherwise.say().isEmpty() ? "not allowed unless " + condition.field() + " " + condition.operator() + " " + condition.operand() : otherwise.say(),
            true, otherwise.instead().map(instead -> instead.filled(arguments, facts.result()).named(names.spelled(instead.call()))), condition.decided(facts), Optional.empty()));
    }

    private Optional<Map<?, ?>> schema(final String name) {
        return tools.stream().map(tool -> tool.get("function")).filter(function -> function instanceof Map<?, ?> map && name.equals(map.get("name")))
            .findFirst().map(function -> ((Map<?, ?>) function).get("parameters") instanceof Map<?, ?> schema ? schema : Map.of());
    }
}
