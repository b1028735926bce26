package io.spillway.local.plan;

import io.spillway.config.ByteSize;
import io.spillway.config.ConfigFile;
import io.spillway.domain.kv.KvElement;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Configurations of known models, and loads and catalogs for tests. */
final class Models {
    private static final long GIB = 1L << 30;

    private Models() {
    }

    static Path config(final String name) {
        try {
            return Path.of(Models.class.getResource(name + ".json").toURI());
        } catch (final URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static PlannedModel model(final String name) {
        return ModelFiles.read(config(name));
    }

    static Workload load(final int contextTokens, final int concurrency, final KvElement element) {
        return new Workload(contextTokens, concurrency, Math.clamp(contextTokens / 2, 1, 512), 0, new Workload.Cache(element, 1));
    }

    static Assumptions assumptions() {
        return ConfigFile.defaults(Assumptions.class);
    }

    static GpuType gpu(final int gibibytes, final double bandwidth, final double dollars) {
        return new GpuType(new ByteSize(gibibytes * GIB), bandwidth, bandwidth / 3, 300, 8, dollars);
    }

    static GpuCatalog catalog(final GpuType... types) {
        final Map<String, GpuType> named = new LinkedHashMap<>();
        for (final GpuType type : types) {
            named.put("gpu-" + named.size(), type);
        }
        return new GpuCatalog(named, assumptions());
    }
}
