package io.spillway.gateway.guard;

import java.util.List;
import java.util.Map;

/**
 * What a call of one tool must respect beyond its schema.
 *
 * @param grounded     arguments whose value must have been said before, by anybody: what a small model makes up is refused
 * @param unrepeated   whether the same call may not be made again before the user has spoken
 * @param requirements each applies when its {@code when} conditions hold
 */
record ToolContract(List<String> grounded, boolean unrepeated, List<Requirement> requirements) {
    /** Nothing but the schema. */
    static final ToolContract NONE = new ToolContract(List.of(), false, List.of());

    ToolContract {
        grounded = List.copyOf(grounded);
        requirements = List.copyOf(requirements);
    }

    /**
     * An earlier call that must have been made, and what its result must say.
     *
     * @param when  conditions on the arguments under which this applies
     * @param call  tool that must have been called; "" = none, only {@code where} on the arguments counts
     * @param same  arguments that must be equal in both calls
     * @param where conditions on the earlier result (the latest such call counts) and on the arguments
     * @param say   what the model is told; "" = a sentence made from the above
     */
    record Requirement(List<Condition> when, String call, List<String> same, List<Condition> where, String say) {
        Requirement {
            when = List.copyOf(when);
            same = List.copyOf(same);
            where = List.copyOf(where);
        }

        boolean applies(final Map<String, Object> arguments, final Map<String, String> variables) {
            return when.stream().allMatch(c -> c.holds(new Condition.Facts(Map.of(), arguments, variables)));
        }
    }
}
