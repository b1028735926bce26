package io.spillway.gateway.metrics;

/** Every metric there is. Labels stand in brackets. Micrometer adds the unit and {@code _total} where Prometheus wants them. */
public enum MetricName {
    /** [model, outcome]. */
    REQUESTS("spillway.requests", "Requests that ended, by outcome: ok or an error code"),
    /** [model]. */
    PROMPT_TOKENS("spillway.prompt.tokens", "Prompt tokens of ended requests"),
    /** [model]. */
    CACHED_TOKENS("spillway.cached.tokens", "Prompt tokens whose KV was found in some tier"),
    /** [model, tier]. */
    SOURCE_TOKENS("spillway.source.tokens", "Known tokens by where their KV came from"),
    /** [model]. */
    OUTPUT_TOKENS("spillway.output.tokens", "Output tokens"),
    /** [model]. */
    COST("spillway.cost.dollars", "Cost of ended requests"),
    /** [model]. */
    TTFT("spillway.ttft", "Time from a complete request to its first output token"),
    /** [model]. */
    ITL("spillway.itl", "Time between output tokens"),
    /** [model]. */
    DURATION("spillway.request.duration", "Time from a complete request to its end"),
    /** [status]. */
    HTTP_REQUESTS("spillway.http.requests", "HTTP answers, by status"),
    HTTP_CONNECTIONS("spillway.http.connections", "Open HTTP connections"),
    HTTP_REFUSED("spillway.http.connections.refused", "Connections refused because there were too many"),
    /** Seen by the server. */
    HTTP_STALLED("spillway.http.streams.stalled", "Streams cut because their client was there and took nothing"),
    HTTP_LATE("spillway.http.requests.late", "Requests given up because they came in too slowly"),
    /** [model]. */
    OVERFLOWS("spillway.request.overflows", "Requests ended because too many events waited for a slow client"),
    GUARD_REPAIRS("spillway.guard.repairs", "Tool calls whose arguments a guardrail put right"),
    GUARD_MALFORMED("spillway.guard.malformed", "Tool calls that broke their schema or had made-up values, in any attempt"),
    GUARD_FORBIDDEN("spillway.guard.forbidden", "Tool calls that a contract forbids, in any attempt"),
    GUARD_UNTRUE("spillway.guard.untrue", "Answers with a claim that is not so, in any attempt"),
    GUARD_RETRIES("spillway.guard.retries", "Answers a guardrail asked for again"),
    GUARD_FAILURES("spillway.guard.failures", "Requests whose last allowed answer broke the policy too"),
    PROMPT_REUSED("spillway.prompt.reused.tokens", "Prompt tokens that did not have to be encoded again, of prompts long enough to be remembered"),
    PROMPT_ENCODED("spillway.prompt.encoded.tokens", "Prompt tokens that were encoded, of prompts long enough to be remembered"),
    PROMPT_MEMORY("spillway.prompt.memory", "Bytes of remembered prompts"),
    /** Of the replica that leads. */
    BATCHES("spillway.batches.running", "Batches that are being worked on"),
    HTTP_BODY_BYTES("spillway.http.bodies", "Request bodies held in memory"),
    /** [role]. */
    MEMBERS("spillway.members", "Registered members"),
    QUEUE("spillway.queue.requests", "Requests that wait for a node"),
    IN_FLIGHT("spillway.inflight.requests", "Requests that run on a node"),
    FAILED_OVER("spillway.failovers", "Requests that were placed again because a node was lost"),
    /** [node]. */
    NODE_QUEUE("spillway.node.queue.requests", "Requests queued on a node"),
    /** [node]. */
    NODE_RUNNING("spillway.node.running.requests", "Requests running on a node"),
    /** [node]. */
    STEPS("spillway.node.steps", "Steps of a node's engine since it started"),
    /** [node]. */
    STEP_SEQUENCES("spillway.node.step.sequences", "Sequences in the steps of a node's engine, summed over steps"),
    /** [node, kind: prefill, decode, guessed or accepted]. */
    STEP_ROWS("spillway.node.step.rows", "Rows computed by a node's engine; accepted ones are guessed ones that were right"),
    /** [node]. */
    STEP_TIME("spillway.node.step.time", "Time that a node's engine spent in steps"),
    /** [node, le]. */
    STEP_BUCKET("spillway.node.step.within", "Steps of a node's engine of at most so many seconds"),
    /** [node, tier]. */
    KV_BLOCKS("spillway.kv.blocks", "Blocks held in a tier"),
    /** [node, tier]. */
    KV_BYTES("spillway.kv.used", "Bytes held in a tier"),
    /** [node, tier]. */
    KV_BYTES_MAX("spillway.kv.capacity", "Bytes a tier may hold");

    private final String meter;
    private final String help;

    MetricName(final String meter, final String help) {
        this.meter = meter;
        this.help = help;
    }

    /** @return the name as Micrometer writes it: dots, without unit */
    public String meter() {
        return meter;
    }

    /** @return one line for people */
    public String help() {
        return help;
    }
}
