package io.spillway.local.plan;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What was found out.
 *
 * @param model   what is to be served
 * @param stored  what its weights take
 * @param load    for whom
 * @param choices configurations that hold it, in the order of the file of prices, each with the fewest replicas
 * @param misfits those that do not, and why
 */
public record Plan(PlannedModel model, PlannedModel.Stored stored, Workload load, List<Choice> choices, List<Misfit> misfits) {
    public Plan {
        choices = List.copyOf(choices);
        misfits = List.copyOf(misfits);
    }

    /**
     * @param gpu    name of the type
     * @param degree GPUs that would share the model
     * @param reason what is in the way
     */
    public record Misfit(String gpu, int degree, String reason) {
    }

    /** @return the configuration with the lowest price of an hour; of equal ones the one with the cheapest run */
    public Optional<Choice> cheapest() {
        return choices.stream().min(Comparator.<Choice>comparingDouble(each -> each.money().perHour()).thenComparingDouble(each -> each.money().perRun()));
    }

    /** @return the configuration with the cheapest run while all agents are busy */
    public Optional<Choice> cheapestRun() {
        return choices.stream().min(Comparator.<Choice>comparingDouble(each -> each.money().perRun()).thenComparingDouble(each -> each.money().perHour()));
    }

    /** @return bytes that a token's keys and values take, on all GPUs of a replica that is not divided */
    public double cacheBytesPerToken() {
        return (double) model.blockBytes(model.attention().kvHeads(), load.cache()) / load.cache().blockTokens();
    }

    /** @return bytes of the keys and values of all agents, in whole blocks */
    public long cacheBytes() {
        return Math.multiplyExact(model.blockBytes(model.attention().kvHeads(), load.cache()), (long) load.blocks() * load.concurrency());
    }
}
