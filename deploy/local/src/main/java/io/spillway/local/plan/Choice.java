package io.spillway.local.plan;

/**
 * One configuration that holds the load.
 *
 * @param gpu      name of the type
 * @param degree   GPUs that share a model
 * @param replicas how many such groups
 * @param memory   of each GPU
 * @param cache    what the cache of all replicas holds
 * @param speed    by roofline, never measured
 * @param money    by the file of prices
 */
public record Choice(String gpu, int degree, int replicas, GpuMemory memory, Cache cache, Speed speed, Money money) {
    /**
     * @param tokens      that fit
     * @param spareTokens beyond the contexts of all agents: room for what may come back
     * @param agents      whole contexts that fit
     */
    public record Cache(long tokens, long spareTokens, long agents) {
    }

    /**
     * @param agents                one replica decodes at once
     * @param decodeTokensPerSecond of all replicas together
     * @param agentTokensPerSecond  of one agent
     * @param prefillSeconds        of one prompt, alone on a replica
     * @param runSeconds            of a run: the prompts of its replica's agents one after another, then all outputs together
     */
    public record Speed(int agents, double decodeTokensPerSecond, double agentTokensPerSecond, double prefillSeconds, double runSeconds) {
    }

    /**
     * US dollars.
     *
     * @param perHour                of all GPUs
     * @param perRun                 of one agent's run
     * @param perMillionTokens       of prompts and outputs
     * @param perMillionOutputTokens all of it put on the outputs
     */
    public record Money(double perHour, double perRun, double perMillionTokens, double perMillionOutputTokens) {
    }

    /** @return GPUs in all */
    public int gpus() {
        return degree * replicas;
    }
}
