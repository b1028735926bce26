package io.spillway.local.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.models.models.Model;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/**
 * Runs episodes against an API.
 *
 * @param concurrency episodes in flight at once
 */
public record Demo(String baseUrl, String apiKey, String model, int concurrency, NanoClock clock) {
    public Demo {
        if (concurrency < 1) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "concurrency", "--concurrency must be at least 1, got " + concurrency);
        }
    }

    /**
     * @param each told every result as it comes
     * @return all results, in the order of {@code episodes}
     */
    public List<EpisodeResult> run(final List<Episode> episodes, final JsonNode tools, final Consumer<EpisodeResult> each) {
        return OpenAiClients.calling(baseUrl, apiKey, client -> {
            checkModel(client);
            final SupportAgent agent = new SupportAgent(client, model, tools, clock);
            try (ExecutorService threads = Executors.newFixedThreadPool(concurrency, Thread.ofVirtual().factory())) {
                return collect(episodes, agent, new ExecutorCompletionService<>(threads), each);
            }
        });
    }

    private void checkModel(final OpenAIClient client) {
        final List<String> served = client.models().list().data().stream().map(Model::id).toList();
        if (!served.contains(model)) {
            throw new SpillwayException(ErrorCode.MODEL_NOT_FOUND,
                baseUrl + " does not serve '" + model + "'; it serves " + String.join(", ", served) + " (choose with --model)");
        }
    }

    private static List<EpisodeResult> collect(
        final List<Episode> episodes, final SupportAgent agent, final CompletionService<EpisodeResult> running,
        final Consumer<EpisodeResult> each) {
        episodes.forEach(episode -> running.submit(() -> agent.run(episode)));
        final List<EpisodeResult> results = new ArrayList<>();
        try {
            for (int i = 0; i < episodes.size(); i++) {
                final EpisodeResult result = running.take().get();
                each.accept(result);
                results.add(result);
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SpillwayException(ErrorCode.CANCELLED, "interrupted after " + results.size() + " episodes", e);
        } catch (final ExecutionException e) {
            throw new IllegalStateException("an episode ended with a bug", e.getCause());
        }
        return episodes.stream().map(episode -> results.stream().filter(result -> result.episode() == episode).findFirst().orElseThrow())
            .toList();
    }
}
