package io.spillway.local.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.models.models.Model;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/** Runs episodes against an API. */
public record Demo(String baseUrl, String apiKey, String model, Conditions conditions, NanoClock clock) {

    /**
     * How the episodes are run.
     *
     * @param concurrency episodes in flight at once
     * @param temperature of every request; 0 = greedy, as the model card was measured
     * @param seed        with a temperature: the same seed gives the same answers from a server that heeds seeds
     */
    public record Conditions(int concurrency, double temperature, long seed) {
        private static final double TEMPERATURE_MAX = 2;

        /** @throws SpillwayException INVALID_VALUE naming the option */
        public Conditions {
            if (concurrency < 1) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "concurrency", "--concurrency must be at least 1, got " + concurrency);
            }
            if (!(temperature >= 0 && temperature <= TEMPERATURE_MAX)) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "temperature", "--temperature must be 0 to 2, got " + temperature);
            }
        }

        /** @return greedy, that many episodes at once */
        public static Conditions greedy(final int concurrency) {
            return new Conditions(concurrency, 0, 0);
        }

        /** @return a seed of its own for every request, so that no two share their random numbers */
        long seedOf(final Episode episode, final int request) {
            return Integer.toUnsignedLong(Objects.hash(seed, episode.id(), request));
        }
    }

    /**
     * @param each told every result as it comes
     * @return all results, in the order of {@code episodes}
     */
    public List<EpisodeResult> run(final List<Episode> episodes, final JsonNode tools, final Consumer<EpisodeResult> each) {
        return OpenAiClients.calling(baseUrl, apiKey, client -> {
            checkModel(client);
            final SupportAgent agent = new SupportAgent(client, new SupportAgent.Setup(model, tools, conditions), clock);
            try (ExecutorService threads = Executors.newFixedThreadPool(conditions.concurrency(), Thread.ofVirtual().factory())) {
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
