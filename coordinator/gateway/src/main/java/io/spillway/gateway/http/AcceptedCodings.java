package io.spillway.gateway.http;

import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads {@code Accept-Encoding}. */
final class AcceptedCodings {
    private AcceptedCodings() {
    }

    /** @return the coding to answer in: the client's best, and of equals ours; empty = as it is */
    static Optional<ContentCoding> best(final String header) {
        final Map<ContentCoding, Double> weights = new EnumMap<>(ContentCoding.class);
        double others = 0;
        for (final String entry : header.split(",")) {
            final String[] parts = entry.split(";", -1);
            final String word = parts[0].strip().toLowerCase(Locale.ROOT);
            final double weight = weight(parts);
            if ("*".equals(word)) {
                others = weight;
            }
            ContentCoding.named(word).ifPresent(coding -> weights.put(coding, weight));
        }
        final double rest = others;
        return Arrays.stream(ContentCoding.values())
            .filter(coding -> weights.getOrDefault(coding, rest) > 0 && coding.available())
            .min(Comparator.comparingDouble(coding -> -weights.getOrDefault(coding, rest)));
    }

    private static double weight(final String[] parts) {
        for (int i = 1; i < parts.length; i++) {
            final String parameter = parts[i].strip().toLowerCase(Locale.ROOT);
            if (parameter.startsWith("q=")) {
                return parameter.substring(2).matches("[01](\\.\\d{0,3})?") ? Double.parseDouble(parameter.substring(2)) : 0;
            }
        }
        return 1;
    }
}
