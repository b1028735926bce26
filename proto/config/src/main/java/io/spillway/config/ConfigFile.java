package io.spillway.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Config files: YAML in, a typed record tree out, and back.
 *
 * <p>Keys are the kebab-case of the component names. Types: text, whole and real numbers, truth values, {@code Path},
 * {@code Duration} ({@code 200ms}), {@link ByteSize} ({@code 512MiB}), {@code long …Bytes} (a size), {@code long …Nanos} and
 * {@code …Millis} (a duration), enums (kebab-case), types with {@code static parse(String)}, records around one String, and of all
 * these {@code Optional}, {@code List}, {@code Map<String, …>} and nested records. Whatever is wrong is an
 * {@link ErrorCode#INVALID_CONFIG} whose field is the dotted key.
 */
public final class ConfigFile {
    private static final YAMLMapper YAML = YAMLMapper.builder()
        .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
        .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR)
        .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
        .build();

    private ConfigFile() {
    }

    /** @return the record that {@code file} describes; throws {@link SpillwayException} INVALID_CONFIG when it cannot be read or is wrong */
    public static <R extends Record> R load(final Path file, final Class<R> type) {
        try {
            return parse(Files.readString(file), file.toString(), type);
        } catch (final NoSuchFileException e) {
            throw new SpillwayException(ErrorCode.INVALID_CONFIG, "no config file at " + file, e);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_CONFIG, "cannot read config file " + file + ": " + e.getMessage(), e);
        }
    }

    /** @param source what messages call this text */
    public static <R extends Record> R parse(final String text, final String source, final Class<R> type) {
        final JsonNode tree;
        try {
            tree = YAML.readTree(text);
        } catch (final JsonProcessingException e) {
            final String place = e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ")";
            throw new SpillwayException(ErrorCode.INVALID_CONFIG, source + " is not valid YAML: " + e.getOriginalMessage() + place, e);
        }
        return type.cast(new Binder(source).bindRecord(tree == null ? MissingNode.getInstance() : tree, type, ""));
    }

    /** @return the record with nothing but defaults; throws {@link SpillwayException} naming the first key that has none */
    public static <R extends Record> R defaults(final Class<R> type) {
        return parse("", "defaults of " + type.getSimpleName(), type);
    }

    /** @return YAML that {@link #parse} reads back to an equal record */
    public static String toYaml(final Record config) {
        try {
            return YAML.writeValueAsString(plain(config));
        } catch (final JsonProcessingException e) {
            throw new UncheckedIOException("config records must be writable as YAML", e);
        }
    }

    /** Writes {@code config} so that a reader sees the old file or the whole new one. */
    public static void write(final Path file, final Record config) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            final Path fresh = file.resolveSibling(file.getFileName() + ".new");
            Files.writeString(fresh, toYaml(config));
            Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }

    private static Map<String, Object> plain(final Record config) {
        final Map<String, Object> section = new LinkedHashMap<>();
        for (final RecordComponent component : config.getClass().getRecordComponents()) {
            final Object value = ScalarType.call(() -> ScalarType.opened(component.getAccessor()).invoke(config));
            plain(value, component.getGenericType(), component.getName())
                .ifPresent(shown -> section.put(Keys.kebab(component.getName()), shown));
        }
        return section;
    }

    private static Optional<Object> plain(final Object value, final Type type, final String name) {
        final Class<?> raw = Binder.rawType(type);
        if (raw == Optional.class) {
            return ((Optional<?>) value).flatMap(held -> plain(held, Binder.argument(type, 0), name));
        }
        if (raw == List.class) {
            return Optional.of(((List<?>) value).stream()
                .map(item -> plain(item, Binder.argument(type, 0), name).orElseThrow()).toList());
        }
        if (raw == Map.class) {
            final Map<String, Object> entries = new LinkedHashMap<>();
            ((Map<?, ?>) value).forEach((key, held) ->
                entries.put((String) key, plain(held, Binder.argument(type, 1), name).orElseThrow()));
            return Optional.of(entries);
        }
        final Optional<ScalarType> scalar = ScalarType.of(raw, name);
        return Optional.of(scalar.isPresent() ? scalar.get().write().apply(value) : plain((Record) value));
    }
}
