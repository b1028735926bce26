package io.spillway.gateway.guard;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a call of one tool, or a claim of an answer, must respect beyond its shape.
 *
 * @param grounded     arguments whose value must have been said before, by anybody but the model: what it makes up is refused
 * @param said         texts with {@code {NAME}} for arguments, which must have been said
 * @param unsaid       such texts, which must not have been said
 * @param unrepeated   whether the same call may not be made again before the user has spoken
 * @param requirements each applies when its {@code when} conditions hold
 */
record ToolContract(List<String> grounded, List<String> said, List<String> unsaid, boolean unrepeated, List<Requirement> requirements) {
    /** Nothing but the schema. */
    static final ToolContract NONE = new ToolContract(List.of(), List.of(), List.of(), false, List.of());

    ToolContract {
        grounded = List.copyOf(grounded);
        said = List.copyOf(said);
        unsaid = List.copyOf(unsaid);
        requirements = List.copyOf(requirements);
    }

    /**
     * An earlier call that must have been made, and what its result must say.
     *
     * @param when      conditions on the arguments under which this applies
     * @param call      tool that must have been called; "" = none, only {@code where} on the arguments counts
     * @param same      arguments that must be equal in both calls
     * @param where     conditions on the earlier result (the latest such call counts) and on the arguments
     * @param otherwise what happens when it is not so
     */
    record Requirement(List<Condition> when, String call, List<String> same, List<Condition> where, Otherwise otherwise) {
        Requirement {
            when = List.copyOf(when);
            same = List.copyOf(same);
            where = List.copyOf(where);
        }

        boolean applies(final Map<String, Object> arguments, final Map<String, String> variables) {
            return when.stream().allMatch(c -> c.holds(new Condition.Facts(Map.of(), arguments, variables)));
        }
    }

    /**
     * What happens when a requirement is not met.
     *
     * @param say     what the model is told; "" = a sentence made from the requirement
     * @param instead the call to demand; empty = the model may do as it likes without the forbidden tool
     */
    record Otherwise(String say, Optional<Instead> instead) {
    }

    /**
     * A call that the operator wants where another was wrong.
     *
     * @param call the tool
     * @param with arguments that the operator decides, whatever the model writes: constants, or {@code $NAME} for an argument of
     *             the wrong call or, where it has none of that name, a value in the result of the earlier call
     */
    record Instead(String call, Map<String, Object> with) {
        Instead {
            with = Map.copyOf(with);
        }

        /** @return the same with what is known put in; what is not is left to the model */
        Instead filled(final Map<String, Object> wrong, final Map<String, Object> result) {
            final Map<String, Object> filled = new java.util.LinkedHashMap<>();
            with.forEach((name, value) -> {
                final Object found = value instanceof String text && text.startsWith("$") 
                    ? wrong.getOrDefault(text.substring(1), result.get(text.substring(1))) : value;
                if (found != null) {
                    filled.put(name, found);
                }
            });
            return new Instead(call, filled);
        }

        /** @return the same call of a tool of that name */
        Instead named(final String tool) {
            return new Instead(tool, with);
        }
    }
}
