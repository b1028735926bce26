package io.spillway.domain.request;

import static java.util.Objects.requireNonNull;

/**
 * Which step of which agent a request is, as far as anybody said: for accounting and for operators; no output depends on it. Every part is
 * the client's own word, made fit to be printed, and "" where nothing is known.
 *
 * @param session     conversation of the client
 * @param agent       agent within the run; "" for the only or the main one
 * @param parentAgent the agent that started this one
 * @param step        name of this step
 * @param parentStep  the step whose answer it goes on from
 */
public record AgentStep(String session, String agent, String parentAgent, String step, String parentStep) {
    /** Nothing is known. */
    public static final AgentStep NONE = new AgentStep("", "", "", "", "");
    /** Most UTF-16 units of each part. */
    public static final int CHARS_MAX = 200;

    public AgentStep {
        check("session", session);
        check("agent", agent);
        check("parentAgent", parentAgent);
        check("step", step);
        check("parentStep", parentStep);
    }

    private static void check(final String name, final String value) {
        if (requireNonNull(value, name).length() > CHARS_MAX) {
            throw new IllegalArgumentException(name + " has more than " + CHARS_MAX + " characters");
        }
    }

    /** @return the same place in the same session, as this step behind that one */
    public AgentStep at(final String thisStep, final String behind) {
        return new AgentStep(session, agent, parentAgent, thisStep, behind);
    }
}
