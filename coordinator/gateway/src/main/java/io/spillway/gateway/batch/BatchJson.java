package io.spillway.gateway.batch;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.batch.BatchProblem;
import io.spillway.coordinator.batch.BatchStatus;
import io.spillway.coordinator.batch.BatchTally;
import io.spillway.coordinator.batch.BatchTimes;
import io.spillway.gateway.json.Json;
import java.util.concurrent.TimeUnit;

/** A batch in OpenAI's shape. What there is nothing of has no key. Stateless; any thread. */
final class BatchJson {
    private BatchJson() {
    }

    static ObjectNode of(final BatchJob job) {
        final ObjectNode node = Json.object().put("id", job.id().value()).put("object", "batch")
            .put("endpoint", job.order().endpoint());
        if (!job.model().isEmpty()) {
            node.put("model", job.model());
        }
        if (job.status() == BatchStatus.FAILED) {
            final ArrayNode problems = node.putObject("errors").put("object", "list").putArray("data");
            job.problems().forEach(problem -> problems.add(problem(problem)));
        }
        node.put("input_file_id", job.order().input().value());
        node.put("completion_window", window(job.order().windowMillis())).put("status", job.status().text());
        job.files().output().ifPresent(file -> node.put("output_file_id", file.value()));
        job.files().errors().ifPresent(file -> node.put("error_file_id", file.value()));
        times(node, job.times(), job.status());
        node.putObject("request_counts").put("total", job.lines()).put("completed", job.tally().completed())
            .put("failed", job.tally().failed());
        usage(node.putObject("usage"), job.tally());
        final ObjectNode metadata = node.putObject("metadata");
        job.order().metadata().forEach(metadata::put);
        return node;
    }

    private static String window(final long millis) {
        return TimeUnit.MILLISECONDS.toHours(millis) + "h";
    }

    private static ObjectNode problem(final BatchProblem problem) {
        final ObjectNode node = Json.object().put("code", problem.code()).put("message", problem.message());
        node.put("param", problem.param().isEmpty() ? null : problem.param());
        return problem.line() > 0 ? node.put("line", problem.line()) : node.putNull("line");
    }

    private static void times(final ObjectNode node, final BatchTimes times, final BatchStatus status) {
        time(node, "created_at", times.createdMillis());
        time(node, "in_progress_at", times.inProgressMillis());
        time(node, "expires_at", times.expiresMillis());
        time(node, "finalizing_at", times.finalizingMillis());
        time(node, "cancelling_at", times.cancellingMillis());
        if (status.ended()) {
            time(node, status.text() + "_at", times.endedMillis());
        }
    }

    private static void time(final ObjectNode node, final String name, final long millis) {
        if (millis > 0) {
            node.put(name, TimeUnit.MILLISECONDS.toSeconds(millis));
        }
    }

    private static void usage(final ObjectNode node, final BatchTally tally) {
        node.put("input_tokens", tally.promptTokens());
        node.putObject("input_tokens_details").put("cached_tokens", tally.cachedTokens());
        node.put("output_tokens", tally.outputTokens());
        node.putObject("output_tokens_details").put("reasoning_tokens", tally.reasoningTokens());
        node.put("total_tokens", tally.promptTokens() + tally.outputTokens());
    }
}
