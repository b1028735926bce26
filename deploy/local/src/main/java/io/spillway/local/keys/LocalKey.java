package io.spillway.local.keys;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.local.cluster.RunFile;
import java.nio.file.Path;

/** The key that the local cluster's own commands use: kept in its folder. */
record LocalKey(Path dataDir, RunFile run) {
    /** @return whether that is the id of this key */
    boolean is(final String id) {
        return ApiKey.idOf(ApiKeys.hash(run.apiKey())).equals(id);
    }

    /** @return where it is kept */
    Path file() {
        return dataDir.resolve("api-key");
    }

    /** Keeps another one instead, so that the commands go on working after a rotation. */
    void replace(final String secret) {
        io.spillway.local.cluster.ApiKeys.replace(file(), secret);
        run.withApiKey(secret).write(dataDir);
    }
}
