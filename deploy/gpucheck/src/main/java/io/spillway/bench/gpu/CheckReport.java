package io.spillway.bench.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Collects what a check found, and writes it as one table for people and one file for programs. One thread. */
final class CheckReport {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final List<String> heading;
    private final boolean isQuick;
    private final List<SuiteRow> suite = new ArrayList<>();
    private final List<Measurement> figures = new ArrayList<>();
    private final List<String> trouble = new ArrayList<>();
    private final List<String> omissions = new ArrayList<>();

    /** @param heading lines about the machine and what ran */
    CheckReport(final List<String> heading, final boolean isQuick) {
        this.heading = List.copyOf(heading);
        this.isQuick = isQuick;
    }

    /** Tests of one class. */
    record SuiteRow(String name, int passed, int failed, int skipped, double seconds) {
    }

    void add(final SuiteRow row) {
        suite.add(row);
    }

    void add(final Measurement figure) {
        figures.add(figure);
    }

    /** @param what a part; why it has no result, or what it found wrong */
    void trouble(final String what, final String why) {
        trouble.add(what + ": " + why);
    }

    /** @param what was not run; why */
    void omission(final String what, final String why) {
        omissions.add(what + ": " + why);
    }

    boolean isGood() {
        return trouble.isEmpty() && suite.stream().allMatch(row -> row.failed() == 0);
    }

    String markdown() {
        final StringBuilder text = new StringBuilder();
        heading.forEach(line -> text.append(line).append('\n'));
        if (isQuick) {
            text.append("Quick: sizes so small that no figure below means anything.\n");
        }
        text.append("\n| what | result | limit | of the limit |\n| --- | --- | --- | --- |\n");
        for (final SuiteRow row : suite) {
            text.append(String.format(Locale.ROOT, "| %s | %d passed, %d failed, %d skipped in %.1f s | | |%n", row.name(), row.passed(), row.failed(), row.skipped(),
                row.seconds()));
        }
        for (final Measurement it : figures) {
            final String limit = it.limit() > 0 ? String.format(Locale.ROOT, "%.5g %s (%s)", it.limit(), it.unit(), it.limitName()) : "";
            final String share = it.limit() > 0 ? String.format(Locale.ROOT, "%.1f %%", 100 * it.value() / it.limit()) : "";
            text.append(String.format(Locale.ROOT, "| %s | %.5g %s | %s | %s |%n", it.name(), it.value(), it.unit(), limit, share));
        }
        list(text, "What went wrong", trouble);
        list(text, "What was skipped", omissions);
        return text.toString();
    }

    private static void list(final StringBuilder text, final String title, final List<String> lines) {
        if (!lines.isEmpty()) {
            text.append('\n').append(title).append(":\n\n");
            lines.forEach(line -> text.append("- ").append(line).append('\n'));
        }
    }

    void write(final Path folder) throws IOException {
        final ObjectNode all = MAPPER.createObjectNode();
        final ArrayNode lines = all.putArray("heading");
        heading.forEach(lines::add);
        all.put("quick", isQuick).put("good", isGood());
        all.set("suite", MAPPER.valueToTree(suite));
        all.set("figures", MAPPER.valueToTree(figures));
        all.set("trouble", MAPPER.valueToTree(trouble));
        all.set("omissions", MAPPER.valueToTree(omissions));
        Files.writeString(folder.resolve("results.json"), MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n");
        Files.writeString(folder.resolve("results.md"), markdown());
    }
}
