package io.spillway.local.plan;

import io.spillway.config.ConfigFile;
import io.spillway.config.Doc;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The types of GPUs that may be chosen from, in the order of their file. */
@Doc("GPU types with their prices, and what is assumed of them.")
public record GpuCatalog(
        @Doc("GPU types by name.") Map<String, GpuType> gpus,
        @Doc("What is assumed where nothing was measured.") Assumptions assumptions) {
    private static final String BUNDLED = "gpus.yaml";

    public GpuCatalog {
        if (gpus.isEmpty()) {
            throw new IllegalArgumentException("gpus must name at least one type");
        }
    }

    /** @return the file of a path; throws {@link SpillwayException} INVALID_CONFIG with the key that is wrong */
    public static GpuCatalog load(final Path file) {
        return ConfigFile.load(file, GpuCatalog.class);
    }

    /** @return the bundled file; its prices are a snapshot, whose source and date it names */
    public static GpuCatalog bundled() {
        try (InputStream in = GpuCatalog.class.getResourceAsStream(BUNDLED)) {
            return ConfigFile.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), BUNDLED, GpuCatalog.class);
        } catch (final IOException e) {
            throw new UncheckedIOException("the bundled " + BUNDLED + " cannot be read", e);
        }
    }

    /** @param names types to keep, case aside; empty: all @return the same with these only; throws INVALID_VALUE, field {@code gpu}, for another */
    public GpuCatalog only(final List<String> names) {
        if (names.isEmpty()) {
            return this;
        }
        final Map<String, GpuType> kept = new LinkedHashMap<>();
        for (final String name : names) {
            final Map.Entry<String, GpuType> found = gpus.entrySet().stream().filter(entry -> entry.getKey().equalsIgnoreCase(name)).findFirst()
                .orElseThrow(() -> SpillwayException.ofField(ErrorCode.INVALID_VALUE, "gpu",
                    "no GPU type '" + name + "'; there are " + String.join(", ", gpus.keySet())));
            kept.put(found.getKey(), found.getValue());
        }
        return new GpuCatalog(kept, assumptions);
    }
}
