package io.spillway.local.cluster;

import io.spillway.domain.cluster.Endpoint;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Every role of a local cluster with its name, addresses (all on loopback) and folder.
 *
 * @param apiKey key of the first tenant
 */
public record ClusterPlan(
    ClusterSpec spec, String apiKey, List<Coordinator> coordinators, List<Node> nodes, List<Store> stores) {
    /** Raft replicas: the least that survives the loss of one. */
    public static final int REPLICAS = 3;
    private static final String HOST = "127.0.0.1";

    /** A replica: {@code http} for clients, {@code rpc} for nodes, stores and the SDK, {@code raft} among replicas. */
    public record Coordinator(String name, Endpoint http, Endpoint rpc, Endpoint raft, Path dir) {
    }

    /** An engine node: {@code rpc} is gRPC, {@code transfer} is Aeron over UDP. */
    public record Node(String name, Endpoint rpc, Endpoint transfer, Path dir) {
    }

    /** A KV store server: {@code transfer} is Aeron over UDP. */
    public record Store(String name, Endpoint transfer, Path dir) {
    }

    public ClusterPlan {
        coordinators = List.copyOf(coordinators);
        nodes = List.copyOf(nodes);
        stores = List.copyOf(stores);
    }

    /** @param ports hands out a port for each name, the same one as at the last start in this folder */
    public static ClusterPlan of(final ClusterSpec spec, final String apiKey, final PortBook ports) {
        final List<Coordinator> coordinators = IntStream.rangeClosed(1, REPLICAS).mapToObj(i -> {
            final String name = "coordinator-" + i;
            final int http = i == 1 && spec.port() != 0 ? spec.port() : ports.of(name + ".http");
            return new Coordinator(name, at(http), at(ports.of(name + ".rpc")), at(ports.of(name + ".raft")),
                spec.dataDir().resolve(name));
        }).toList();
        final List<Node> nodes = IntStream.rangeClosed(1, spec.nodes()).mapToObj(i -> {
            final String name = "node-" + i;
            return new Node(name, at(ports.of(name + ".rpc")), at(ports.of(name + ".transfer")), spec.dataDir().resolve(name));
        }).toList();
        final List<Store> stores = List.of(
            new Store("store-1", at(ports.of("store-1.transfer")), spec.dataDir().resolve("store-1")));
        return new ClusterPlan(spec, apiKey, coordinators, nodes, stores);
    }

    /** @return base URL of the OpenAI API at the first replica, without a trailing slash */
    public URI baseUrl() {
        return URI.create("http://" + coordinators.getFirst().http() + "/v1");
    }

    /** @return address of the console page */
    public URI consoleUrl() {
        return URI.create("http://" + coordinators.getFirst().http() + "/console");
    }

    private static Endpoint at(final int port) {
        return new Endpoint(HOST, port);
    }
}
