package io.spillway.text.template;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.EpochClock;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;

/** Golden renderings by Python's jinja2, and ours beside them. */
final class Golden {
    static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS);
    private static final EpochClock CLOCK = () -> Instant.parse("2026-03-07T09:05:03Z").toEpochMilli();

    private Golden() {
    }

    static JsonNode read(final String resource) {
        try {
            return JSON.readTree(text(resource));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String text(final String resource) {
        try (InputStream in = Golden.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String template(final String name) {
        if (!name.equals("brook")) {
            return text("/templates/" + name + ".jinja");
        }
        try {
            final Path config = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook/tokenizer_config.json");
            return JSON.readTree(Files.readString(config)).get("chat_template").asText();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Template compile(final String source) {
        return Template.compile(source, CLOCK);
    }

    static Map<String, Object> variables(final JsonNode node) {
        return JSON.convertValue(node, new TypeReference<>() {
        });
    }

    /** @return the rendering, or the error's text after {@code "error: "} */
    static String render(final String source, final Map<String, Object> variables) {
        try {
            return compile(source).render(variables);
        } catch (final SpillwayException e) {
            if (e.code() != ErrorCode.TEMPLATE_FAILED || !e.getMessage().startsWith("chat template, line ")) {
                throw e;
            }
            return "error: " + e.getMessage();
        }
    }

    /** @return null when ours is as Python's, else what differs */
    static String difference(final JsonNode golden, final String ours) {
        if (golden.has("error")) {
            return ours.startsWith("error: ") ? null : "Python fails: " + golden.get("error").asText() + "\n  ours:   " + ours;
        }
        final String expected = golden.get("expected").asText();
        return ours.equals(expected) ? null : "Python: " + expected + "\n  ours:   " + ours;
    }
}
