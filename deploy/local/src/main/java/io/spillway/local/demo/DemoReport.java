package io.spillway.local.demo;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * What the demo prints.
 *
 * @param results in the order of the episode file
 * @param card    the model card's result on the same episodes, if it is known
 * @param seconds wall time of the whole run
 */
public record DemoReport(List<EpisodeResult> results, Optional<ModelCard> card, double seconds) {
    private static final JsonMapper JSON = new JsonMapper();

    public DemoReport {
        results = List.copyOf(results);
    }

    /** @return the line of one episode, and a second one that says why it was not solved */
    public static String line(final EpisodeResult result) {
        final String head = String.format(Locale.ROOT, "%-14s %-22s %-8s %s", result.episode().id(), result.episode().category(),
            result.solved() ? "solved" : result.broken() ? "BROKEN" : "not", numbers(result.used()));
        return result.failure().map(why -> head + "\n    " + why).orElse(head);
    }

    private static String numbers(final Consumption used) {
        return String.format(Locale.ROOT, "%4d steps  %7d prompt (%7d cached)  %5d output  ttft %6.0f ms  %6.0f tok/s  %s",
            used.steps(), used.promptTokens(), used.cachedTokens(), used.outputTokens(), used.ttftMedianMillis(),
            used.tokensPerSecond(), dollars(used.costUsd()));
    }

    private static String dollars(final OptionalDouble cost) {
        return cost.isPresent() ? String.format(Locale.ROOT, "$%.6f", cost.getAsDouble()) : "-";
    }

    /** @return totals, the table by category, and the comparison with the model card */
    public String summary() {
        final StringBuilder text = new StringBuilder();
        final long solved = solved();
        text.append(String.format(Locale.ROOT, "%ntotal: %d of %d solved (%.1f %%) in %.1f s%n%s%n%n%-24s %s%n", solved, results.size(),
            100.0 * solved / results.size(), seconds, numbers(total()), "category", card.isPresent() ? "solved  card" : "solved"));
        byCategory().forEach((category, group) -> {
            final String own = count(group) + "/" + group.size();
            text.append(String.format(Locale.ROOT, "%-24s %-7s %s", category, own,
                card.map(known -> known.solved(episodes(group)) + "/" + group.size()).orElse("")).stripTrailing()).append('\n');
        });
        card.ifPresent(known -> text.append(comparison(known)));
        return text.toString();
    }

    private String comparison(final ModelCard known) {
        final long expected = known.solved(episodes(results));
        final double points = 100.0 * (solved() - expected) / results.size();
        return String.format(Locale.ROOT, "%nmodel card on these episodes: %d of %d (%.1f %%); difference %+.1f points%n",
            expected, results.size(), 100.0 * expected / results.size(), points);
    }

    /** @return everything as one line of JSON; unknown values are null */
    public String toJson() {
        final Consumption total = total();
        final ObjectNode root = JSON.createObjectNode().put("episodes", results.size()).put("solved", solved())
            .put("rate", (double) solved() / results.size());
        card.ifPresentOrElse(known -> root.put("card_rate", (double) known.solved(episodes(results)) / results.size()),
            () -> root.putNull("card_rate"));
        root.put("broken", results.stream().filter(EpisodeResult::broken).count()).put("seconds", seconds);
        addNumbers(root, total);
        final ObjectNode categories = root.putObject("by_category");
        byCategory().forEach((category, group) -> categories.putArray(category).add(count(group)).add(group.size()));
        final ArrayNode each = root.putArray("results");
        for (final EpisodeResult result : results) {
            final ObjectNode one = each.addObject().put("id", result.episode().id()).put("category", result.episode().category())
                .put("solved", result.solved()).put("failure", result.failure().orElse(null));
            addNumbers(one, result.used());
        }
        return root.toString();
    }

    private static void addNumbers(final ObjectNode node, final Consumption used) {
        node.put("steps", used.steps()).put("prompt_tokens", used.promptTokens()).put("cached_tokens", used.cachedTokens())
            .put("output_tokens", used.outputTokens()).put("ttft_ms", used.ttftMedianMillis())
            .put("tokens_per_second", used.tokensPerSecond())
            .put("cost_usd", used.costUsd().isPresent() ? (Double) used.costUsd().getAsDouble() : null);
    }

    private long solved() {
        return count(results);
    }

    private Consumption total() {
        return results.stream().map(EpisodeResult::used).reduce(Consumption.NONE, Consumption::plus);
    }

    private Map<String, List<EpisodeResult>> byCategory() {
        final Map<String, List<EpisodeResult>> groups = new TreeMap<>();
        results.forEach(result -> groups.computeIfAbsent(result.episode().plainCategory(), name -> new java.util.ArrayList<>()).add(result));
        return groups;
    }

    private static long count(final List<EpisodeResult> group) {
        return group.stream().filter(EpisodeResult::solved).count();
    }

    private static List<Episode> episodes(final List<EpisodeResult> group) {
        return group.stream().map(EpisodeResult::episode).toList();
    }
}
