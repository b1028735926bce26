package io.spillway.local.keys;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.local.cluster.RunFile;
import io.spillway.local.command.Places;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Whose keys: the running local cluster's, or those of the cluster at {@code --url}. Keys never stand on the command line, where every
 * user of the machine could read them.
 */
public final class KeysTarget {
    private static final String VARIABLE = "SPILLWAY_API_KEY";

    @Mixin
    private Places places;
    @Option(names = {"--url", "--base-url"}, paramLabel = "URL",
        description = "base URL of another cluster, for instance https://host/v1; its key is read from $" + VARIABLE)
    private String url;

    /** @return the running local cluster; empty when another one is meant */
    Optional<LocalKey> local() {
        return url == null ? Optional.of(new LocalKey(places.dataDir(), run())) : Optional.empty();
    }

    /** @return the cluster's API; throws {@link SpillwayException} when none is named, or no key is there */
    KeysClient client() {
        if (url == null) {
            final RunFile run = run();
            return new KeysClient(run.replicas().isEmpty() ? List.of(run.baseUrl()) : run.replicas(), run.apiKey());
        }
        final String key = Optional.ofNullable(System.getenv(VARIABLE)).map(String::strip).filter(value -> !value.isEmpty()).orElseThrow(() ->
            new SpillwayException(ErrorCode.INVALID_VALUE, "--url needs a key with the scope admin in the environment variable " + VARIABLE));
        return new KeysClient(List.of(checked(url)), key);
    }

    private RunFile run() {
        return RunFile.running(places.dataDir()).orElseThrow(() -> new SpillwayException(ErrorCode.NOT_FOUND,
            "no cluster runs in " + places.dataDir() + "; start one with `./spillway up --detach`, or give --url"));
    }

    private static String checked(final String url) {
        try {
            final URI uri = URI.create(url);
            if (("http".equals(uri.getScheme()) || "https".equals(uri.getScheme())) && uri.getHost() != null) {
                return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
            }
        } catch (final IllegalArgumentException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "--url is not a URL: " + url, e);
        }
        throw new SpillwayException(ErrorCode.INVALID_VALUE, "--url must look like https://host/v1, got " + url);
    }
}
