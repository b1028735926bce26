package io.spillway.local.cluster;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What is written down about a running cluster ({@code run.json} in its data folder), so that another command finds it.
 *
 * @param replicas base URLs of all replicas' gateways
 * @param sdk      {@code host:port} of every replica's gRPC service
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record RunFile(
    String baseUrl, String apiKey, String consoleUrl, String model, List<String> replicas, List<String> sdk,
    List<ClusterProcess> processes) {
    private static final String NAME = "run.json";
    private static final JsonMapper JSON = JsonMapper.builder()
        .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
        .build();

    public RunFile {
        replicas = replicas == null ? List.of() : List.copyOf(replicas);
        sdk = sdk == null ? List.of() : List.copyOf(sdk);
        processes = processes == null ? List.of() : List.copyOf(processes);
    }

    /** @return the entry of a cluster made from {@code plan} */
    public static RunFile of(final ClusterPlan plan, final List<ClusterProcess> processes) {
        return new RunFile(plan.baseUrl().toString(), plan.apiKey(), plan.consoleUrl().toString(), plan.spec().modelName(),
            plan.coordinators().stream().map(replica -> "http://" + replica.http() + "/v1").toList(),
            plan.coordinators().stream().map(replica -> replica.rpc().toString()).toList(), processes);
    }

    /** @return the same cluster, reached with another key */
    public RunFile withApiKey(final String other) {
        return new RunFile(baseUrl, other, consoleUrl, model, replicas, sdk, processes);
    }

    /** @return what {@code dataDir} says, whether or not it still lives; empty when nothing was started there */
    public static Optional<RunFile> read(final Path dataDir) {
        final Path file = dataDir.resolve(NAME);
        try {
            return Optional.of(JSON.readValue(Files.readString(file), RunFile.class));
        } catch (final NoSuchFileException e) {
            return Optional.empty();
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_CONFIG, file + " is damaged; delete it if no cluster runs", e);
        }
    }

    /** @return the running cluster of {@code dataDir}: at least one of its processes lives */
    public static Optional<RunFile> running(final Path dataDir) {
        return read(dataDir).filter(run -> !run.alive().isEmpty());
    }

    /** @return the processes that still live */
    public List<ClusterProcess> alive() {
        return processes.stream().filter(process -> process.handle().isPresent()).toList();
    }

    /** Writes this atomically; readable by the owner only, since it holds the key. */
    public void write(final Path dataDir) {
        try {
            SecretFile.write(dataDir.resolve(NAME), JSON.writeValueAsString(this));
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot write " + dataDir.resolve(NAME), e);
        }
    }

    /** Forgets the cluster of {@code dataDir}. */
    public static void delete(final Path dataDir) {
        try {
            Files.deleteIfExists(dataDir.resolve(NAME));
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot delete " + dataDir.resolve(NAME), e);
        }
    }

    /** @return the one line that {@code up --detach --json} prints */
    public String toJsonLine() {
        return JSON.createObjectNode().put("base_url", baseUrl).put("api_key", apiKey).put("console_url", consoleUrl)
            .set("processes", JSON.valueToTree(processes.stream()
                .map(process -> new Line(process.role(), process.name(), process.pid(), process.log())).toList()))
            .toString();
    }

    private record Line(String role, String name, long pid, String log) {
    }
}
