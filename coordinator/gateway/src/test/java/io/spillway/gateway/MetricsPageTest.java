package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.gateway.metrics.MetricName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page about metrics says what there is, and nothing else. */
class MetricsPageTest {
    private static final Pattern ROW = Pattern.compile("\\| `(spillway_\\w+)` \\|([^|]*)\\|([^|]*)\\|");
    private static final Pattern TYPE = Pattern.compile("# TYPE (spillway_\\w+) (\\w+)");
    private static final Pattern SAMPLE = Pattern.compile("(spillway_\\w+)\\{(.*)} \\S+");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"");
    /** Counted only once it has happened. */
    private static final Map<String, String> RARE = Map.of("spillway_request_overflows_total", "model");

    /** One line of the page. */
    private record Row(String labels, String says) {
    }

    private static Map<String, Row> page() throws IOException {
        final Map<String, Row> rows = new TreeMap<>();
        final Matcher row = ROW.matcher(Files.readString(Path.of(System.getProperty("spillway.root"), "deploy/docs/metrics.md")));
        while (row.find()) {
            assertThat(rows.put(row.group(1), new Row(row.group(2).replace("`", "").strip(), row.group(3).strip()))).as(row.group(1)).isNull();
        }
        return rows;
    }

    private static List<String> scrape() {
        try (TestCluster cluster = new TestCluster()) {
            cluster.post("/v1/chat/completions", TestCluster.chat(""));
            return cluster.get("/metrics").body().lines().toList();
        }
    }

    @Test
    void everyMetricIsOnThePageWithItsLabelsAndNoOtherIs() throws IOException {
        final Map<String, String> found = new TreeMap<>(RARE);
        final Map<String, String> kinds = new HashMap<>();
        for (final String line : scrape()) {
            final Matcher type = TYPE.matcher(line);
            if (type.matches()) {
                kinds.put(type.group(1), type.group(2));
                found.putIfAbsent(type.group(1), "");
            }
            final Matcher sample = SAMPLE.matcher(line);
            if (sample.matches()) {
                final String name = kinds.containsKey(sample.group(1)) ? sample.group(1) : sample.group(1).replaceAll("_(bucket|sum|count)$", "");
                found.put(name, labels(sample.group(2), "histogram".equals(kinds.get(name))));
            }
        }
        final Map<String, String> documented = new TreeMap<>();
        page().forEach((name, row) -> documented.put(name, row.labels));
        found.keySet().removeIf(name -> name.endsWith("_max")); // of a timer: stands beside it on the page
        assertThat(documented).isEqualTo(found);
    }

    private static String labels(final String pairs, final boolean histogram) {
        final Set<String> labels = new TreeSet<>();
        final Matcher label = LABEL.matcher(pairs);
        while (label.find()) {
            labels.add(label.group(1));
        }
        if (histogram) {
            labels.remove("le");
        }
        return String.join(", ", labels);
    }

    @Test
    void thePageSaysWhatTheRegistrySays() throws IOException {
        final Map<String, Row> page = page();
        for (final MetricName name : MetricName.values()) {
            final String begins = name.meter().replace('.', '_');
            assertThat(page.entrySet()).as(begins).anySatisfy(row -> {
                assertThat(row.getKey()).startsWith(begins);
                assertThat(row.getValue().says).startsWith(name.help());
            });
        }
    }
}
