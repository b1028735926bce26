package io.spillway.gateway.runs;

import io.spillway.domain.id.RunId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One run. Not for several threads: {@link AgentRuns} holds its lock. */
final class Run {
    private static final long NEVER = Long.MIN_VALUE;

    private final int stepsMax;
    private final Map<String, RunStep> steps = new LinkedHashMap<>();
    private final Map<String, Long> endedMillis = new LinkedHashMap<>();
    private long lastEndMillis = NEVER;
    private long beganMillis = NEVER;
    private long heardMillis;
    private int openSteps;
    private int stepCount;
    private long promptTokens;
    private long cachedTokens;
    private long outputTokens;
    private long costNanoDollars;

    /** @param stepsMax steps kept; sums go on */
    Run(final int stepsMax) {
        this.stepsMax = stepsMax;
    }

    RunStep begin(final AgentRuns.Beginning beginning, final String parent) {
        stepCount++;
        openSteps++;
        heardMillis = beginning.nowMillis();
        beganMillis = beganMillis == NEVER ? heardMillis : beganMillis;
        final long beforeMillis = endedMillis.getOrDefault(parent, lastEndMillis);
        final RunStep step = new RunStep(beginning.agent().step(), parent, beginning.agent().agent(), beginning.model(), stepCount,
            beginning.nowMillis(), beforeMillis == NEVER ? -1 : Math.max(0, beginning.nowMillis() - beforeMillis),
            beginning.promisedGapMillis(), beginning.retries(),
            Optional.empty());
        steps.put(step.id(), step);
        trim();
        return step;
    }

    void end(final RunStep step, final RunStep.Consumed consumed, final long nowMillis) {
        steps.replace(step.id(), step.ended(consumed));
        endedMillis.put(step.id(), nowMillis);
        lastEndMillis = nowMillis;
        heardMillis = Math.max(heardMillis, nowMillis);
        openSteps--;
        promptTokens += consumed.promptTokens();
        cachedTokens += consumed.cachedTokens();
        outputTokens += consumed.outputTokens();
        costNanoDollars += consumed.costNanoDollars();
        trim();
    }

    private void trim() {
        while (steps.size() > stepsMax) {
            steps.remove(steps.keySet().iterator().next());
        }
        while (endedMillis.size() > stepsMax) {
            endedMillis.remove(endedMillis.keySet().iterator().next());
        }
    }

    List<RunStep> steps() {
        return new ArrayList<>(steps.values());
    }

    AgentRuns.Heard heard(final AgentRuns.RunKey key) {
        return new AgentRuns.Heard(key, sums(key.run(), List.of()), openSteps, beganMillis, heardMillis);
    }

    AgentRuns.Ledger sums(final RunId id, final List<RunStep> listed) {
        return new AgentRuns.Ledger(id, stepCount, promptTokens, cachedTokens, outputTokens, costNanoDollars, listed);
    }
}
