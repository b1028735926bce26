package io.spillway.local.command;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.local.cluster.RunFile;
import java.net.URI;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The API that a client command talks to: the running local cluster, or any other that the options name. */
public final class Target {
    @Mixin
    private Places places;
    @Option(names = "--base-url", paramLabel = "URL", description = "base URL of an OpenAI API (default: the running cluster's)")
    private String baseUrl;
    @Option(names = "--api-key", paramLabel = "KEY", description = "its API key (default: the running cluster's, or $SPILLWAY_API_KEY)")
    private String apiKey;
    @Option(names = "--model", paramLabel = "NAME", description = "model name (default: the running cluster's, else brook)")
    private String model;

    /** An API to call. */
    public record Api(String baseUrl, String apiKey, String model) {
    }

    /** @return what the options and the run file say; throws {@link SpillwayException} when neither names an API */
    public Api api() {
        final Optional<RunFile> run = RunFile.running(places.dataDir());
        if (baseUrl == null && run.isEmpty()) {
            throw new SpillwayException(ErrorCode.NOT_FOUND,
                "no cluster runs in " + places.dataDir() + "; start one with `./spillway up --detach`, or give --base-url and --api-key");
        }
        final Optional<RunFile> own = baseUrl == null ? run : Optional.empty();
        final String url = baseUrl != null ? checked(baseUrl) : own.orElseThrow().baseUrl();
        final String key = Optional.ofNullable(apiKey).or(() -> own.map(RunFile::apiKey))
            .or(() -> Optional.ofNullable(System.getenv("SPILLWAY_API_KEY"))).orElse("none");
        return new Api(url, key, Optional.ofNullable(model).or(() -> own.map(RunFile::model)).orElse("brook"));
    }

    private static String checked(final String url) {
        final URI uri;
        try {
            uri = URI.create(url);
        } catch (final IllegalArgumentException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "--base-url is not a URL: " + url, e);
        }
        if (uri.getScheme() == null || uri.getHost() == null) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "--base-url must look like http://127.0.0.1:8484/v1, got " + url);
        }
        return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }
}
