package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.gateway.answer.Explanation;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.runs.AgentRuns;
import io.spillway.gateway.runs.RunStep;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * {@code GET /v1/runs/{id}}: what an agent run has consumed. {@code charged} is the log's word, the same on every replica; {@code steps} are
 * the latest ones that this replica served. Any thread.
 */
public final class RunsApi {
    private static final String PATH = "/v1/runs/";

    private final ApiKeys keys;
    private final Supplier<ClusterView> view;
    private final AgentRuns runs;

    public RunsApi(final ApiKeys keys, final Supplier<ClusterView> view, final AgentRuns runs) {
        this.keys = keys;
        this.view = view;
        this.runs = runs;
    }

    /** @return the one route */
    public List<Route> routes() {
        return List.of(new Route("GET", PATH + "*", this::run, true));
    }

    private void run(final HttpExchange exchange) {
        final TenantId tenant = keys.tenant(exchange.call());
        final RunId id = id(exchange.call().path().substring(PATH.length()));
        final Optional<ClusterView.UsageTotals> charged = Optional.ofNullable(view.get().runs().get(new ClusterView.RunKey(tenant, id.value())));
        final Optional<AgentRuns.Ledger> seen = runs.ledger(new AgentRuns.RunKey(tenant, id));
        if (charged.isEmpty() && seen.isEmpty()) {
            throw unknown(id.value());
        }
        final ObjectNode answer = Json.object().put("id", id.value()).put("object", "run");
        charged.ifPresentOrElse(totals -> answer.putObject("charged").put("requests", totals.requests())
            .put("prompt_tokens", totals.promptTokens()).put("cached_tokens", totals.cachedTokens())
            .put("output_tokens", totals.outputTokens()).put("cost_usd", Explanation.dollars(totals.costNanoDollars())),
            () -> answer.putNull("charged"));
        seen.ifPresentOrElse(ledger -> seen(ledger, answer), () -> answer.putNull("seen").putArray("steps"));
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(answer)));
    }

    private static RunId id(final String name) {
        try {
            return new RunId(name);
        } catch (final IllegalArgumentException e) {
            throw unknown(name);
        }
    }

    private static SpillwayException unknown(final String name) {
        return SpillwayException.ofField(ErrorCode.NOT_FOUND, "id", "No run with the id '" + name + "' is known.");
    }

    private static void seen(final AgentRuns.Ledger ledger, final ObjectNode answer) {
        answer.putObject("seen").put("steps", ledger.stepCount()).put("prompt_tokens", ledger.promptTokens())
            .put("cached_tokens", ledger.cachedTokens()).put("output_tokens", ledger.outputTokens())
            .put("cost_usd", Explanation.dollars(ledger.costNanoDollars()));
        final ArrayNode steps = answer.putArray("steps");
        ledger.steps().forEach(step -> steps.add(step(step)));
    }

    private static ObjectNode step(final RunStep step) {
        final ObjectNode node = Json.object().put("id", step.id()).put("number", step.number())
            .put("parent", step.parent().isEmpty() ? null : step.parent()).put("agent", step.agent().isEmpty() ? null : step.agent())
            .put("model", step.model()).put("began_ms", step.beganMillis());
        node.put("tool_gap_ms", step.gapMillis() < 0 ? null : Long.valueOf(step.gapMillis()))
            .put("promised_tool_gap_ms", step.promisedGapMillis() < 0 ? null : Long.valueOf(step.promisedGapMillis())).put("retries", step.retries());
        step.consumed().ifPresentOrElse(what -> {
            node.put("state", what.failure().map(code -> code.name().toLowerCase(Locale.ROOT)).orElse("finished"));
            node.put("prompt_tokens", what.promptTokens()).put("cached_tokens", what.cachedTokens())
                .put("computed_tokens", what.promptTokens() - what.cachedTokens()).put("output_tokens", what.outputTokens())
                .put("cost_usd", Explanation.dollars(what.costNanoDollars())).put("duration_ms", what.durationMillis());
            node.put("queue_ms", known(what.phases().queueMillis())).put("ttft_ms", known(what.phases().ttftMillis()));
        }, () -> node.put("state", "running"));
        return node;
    }

    private static Long known(final long millis) {
        return millis < 0 ? null : Long.valueOf(millis);
    }
}
