package io.spillway.local.keys;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** Keys as a table for a person. Times are UTC. */
final class KeyTable {
    private static final List<String> HEADS = List.of("ID", "NAME", "PREFIX", "SCOPES", "STATUS", "CREATED", "EXPIRES", "LAST USED");

    private KeyTable() {
    }

    /** @return one line per key, below the heads */
    static List<String> lines(final JsonNode keys) {
        final List<List<String>> rows = new ArrayList<>(List.of(HEADS));
        keys.forEach(key -> rows.add(List.of(key.path("id").asText(), key.path("name").asText(), text(key, "prefix"), scopes(key),
            key.path("status").asText(), time(key, "created_at", "-"), time(key, "expires_at", "never"), time(key, "last_used_at", "-"))));
        final int[] widths = new int[HEADS.size()];
        rows.forEach(row -> {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        });
        return rows.stream().map(row -> line(row, widths)).toList();
    }

    private static String line(final List<String> row, final int[] widths) {
        final StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
        }
        return line.toString().stripTrailing();
    }

    static String scopes(final JsonNode key) {
        return StreamSupport.stream(key.path("scopes").spliterator(), false).map(JsonNode::asText).collect(Collectors.joining(","));
    }

    /** @return when the key ends, to be put behind what is said of it; "" when never */
    static String expiry(final JsonNode key) {
        return key.path("expires_at").asLong() == 0 ? "" : ", until " + time(key, "expires_at", "");
    }

    private static String text(final JsonNode key, final String field) {
        return key.path(field).isNull() ? "-" : key.path(field).asText() + "...";
    }

    private static String time(final JsonNode key, final String field, final String none) {
        final long seconds = key.path(field).asLong();
        return seconds == 0 ? none : Instant.ofEpochSecond(seconds).toString();
    }
}
