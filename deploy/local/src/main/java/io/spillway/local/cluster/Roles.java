package io.spillway.local.cluster;

import io.spillway.coordinator.server.CoordinatorConfig;
import io.spillway.coordinator.server.CoordinatorMain;
import io.spillway.coordinator.server.CoordinatorServer;
import io.spillway.config.ConfigFile;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.kvstore.server.StoreConfig;
import io.spillway.kvstore.server.StoreMain;
import io.spillway.kvstore.server.StoreServer;
import io.spillway.node.server.NodeConfig;
import io.spillway.node.server.NodeMain;
import io.spillway.node.server.NodeServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Turns a plan into roles: the one place where the launcher names the servers' mains and fills in their configs. */
public final class Roles {
    private static final String COORDINATOR_HEAP = "192m";
    private static final String NODE_HEAP = "384m";
    private static final String STORE_HEAP = "192m";
    /** A laptop holds the whole cluster, filled up, in under 4 GiB: less than each role would take by default. */
    private static final long NODE_TIER_MIB = 256;
    private static final long STORE_TIER_BYTES = 512L << 20;

    private Roles() {
    }

    /** @return every role of {@code plan}: coordinators and stores in stage 0, nodes in stage 1 */
    public static List<Role> of(final ClusterPlan plan) {
        final List<Endpoint> rpcs = plan.coordinators().stream().map(ClusterPlan.Coordinator::rpc).toList();
        final List<Role> roles = new ArrayList<>();
        plan.coordinators().forEach(coordinator -> roles.add(coordinator(plan, coordinator)));
        plan.stores().forEach(store -> roles.add(store(store, rpcs)));
        plan.nodes().forEach(node -> roles.add(node(plan, node, rpcs)));
        return roles;
    }

    private static Role coordinator(final ClusterPlan plan, final ClusterPlan.Coordinator coordinator) {
        final CoordinatorConfig defaults = ConfigFile.parse(
            "id: x\ndata-dir: x\npeers: [{id: x, raft: 'localhost:1'}]", "defaults", CoordinatorConfig.class);
        final CoordinatorConfig config = new CoordinatorConfig(coordinator.name(), coordinator.dir(),
            plan.coordinators().stream().map(peer -> new CoordinatorConfig.Peer(peer.name(), peer.raft())).toList(),
            defaults.http().at(listen(coordinator.http())),
            listen(coordinator.rpc()),
            List.of(model(plan)),
            new CoordinatorConfig.Bootstrap(defaults.bootstrap().tenant(), Optional.of(ApiKeys.hash(plan.apiKey()))),
            defaults.lease(), defaults.limits(), files(plan, defaults.files()), defaults.batches(),
            responses(plan, defaults.responses()));
        return new Role("coordinator", coordinator.name(), 0,
            new Role.Launch(CoordinatorMain.class.getName(), config, COORDINATOR_HEAP), () -> CoordinatorServer.start(config));
    }

    /** On one machine all replicas see the same folder. */
    private static CoordinatorConfig.Files files(final ClusterPlan plan, final CoordinatorConfig.Files usual) {
        return new CoordinatorConfig.Files(Optional.of(plan.spec().dataDir().toAbsolutePath().normalize().resolve("files")),
            usual.fileMaxBytes(), usual.tenantFiles(), usual.tenantMaxBytes());
    }

    private static CoordinatorConfig.Responses responses(final ClusterPlan plan, final CoordinatorConfig.Responses usual) {
        return new CoordinatorConfig.Responses(Optional.of(plan.spec().dataDir().toAbsolutePath().normalize().resolve("responses")),
            usual.keptFor(), usual.maxBytes(), usual.tenantMaxBytes(), usual.backgroundRuns(), usual.eventsMaxBytes());
    }

    private static CoordinatorConfig.Model model(final ClusterPlan plan) {
        final String guardrails = plan.spec().serving().guardrails().map(path -> "\nguardrails: " + quoted(path)).orElse("");
        return ConfigFile.parse("id: '" + plan.spec().modelName() + "'\npath: " + quoted(modelPath(plan)) + guardrails,
            "defaults", CoordinatorConfig.Model.class);
    }

    /** @return YAML for that path */
    private static String quoted(final Path path) {
        return "'" + path.toString().replace("'", "''") + "'";
    }

    private static Role store(final ClusterPlan.Store store, final List<Endpoint> coordinators) {
        final StoreConfig defaults = ConfigFile.parse(
            "id: x\ncoordinators: ['localhost:1']\ndata-dir: x", "defaults", StoreConfig.class);
        final StoreConfig config = new StoreConfig(store.name(), coordinators, store.transfer().host(),
            store.transfer().port(), store.dir(), STORE_TIER_BYTES, defaults.diskMaxBytes());
        return new Role("store", store.name(), 0,
            new Role.Launch(StoreMain.class.getName(), config, STORE_HEAP), () -> StoreServer.start(config));
    }

    private static Role node(final ClusterPlan plan, final ClusterPlan.Node node, final List<Endpoint> coordinators) {
        final NodeConfig config = new NodeConfig(node.name(), coordinators, node.rpc().host(), node.rpc().port(),
            node.transfer().port(), node.dir(), new NodeConfig.Model(plan.spec().modelName(), modelPath(plan)),
            kv(plan.spec().serving()), engine(plan.spec()), speculation(plan.spec().serving()));
        return new Role("node", node.name(), 1,
            new Role.Launch(NodeMain.class.getName(), config, NODE_HEAP), () -> NodeServer.start(config));
    }

    private static NodeConfig.Speculation speculation(final Serving serving) {
        final String mode = serving.speculation().map(named -> "mode: '" + named.replace("'", "''") + "'\n").orElse("");
        final String draft = serving.draft().map(path -> "draft-model: " + quoted(path) + "\n").orElse("");
        return ConfigFile.parse(mode + draft, "the options of up", NodeConfig.Speculation.class);
    }

    /** Nodes share their kept weights: they are the same, and as large as the model. */
    private static NodeConfig.Engine engine(final ClusterSpec spec) {
        final Serving.Kernels kernels = spec.serving().kernels();
        final String set = kernels.set().map(named -> "kernels: '" + named.replace("'", "''") + "'\n").orElse("");
        final String cache = kernels.weightCache().map(named -> "weight-cache: '" + named.replace("'", "''") + "'\n").orElse("");
        final String ranks = kernels.ranks().map(count -> "tensor-parallel: " + count + "\n").orElse("");
        final String backend = kernels.backend().map(named -> "backend: '" + named.replace("'", "''") + "'\n").orElse("");
        return ConfigFile.parse(backend + set + cache + ranks + "weight-cache-dir: " + quoted(spec.dataDir().toAbsolutePath().normalize().resolve("weights")),
            "the options of up", NodeConfig.Engine.class);
    }

    private static NodeConfig.Kv kv(final Serving serving) {
        final String element = serving.kv().map(named -> "\nelement: '" + named.replace("'", "''") + "'").orElse("");
        return ConfigFile.parse("device-max-bytes: " + NODE_TIER_MIB + "MiB\nhost-max-bytes: " + NODE_TIER_MIB + "MiB" + element,
            "the options of up", NodeConfig.Kv.class);
    }

    private static Path modelPath(final ClusterPlan plan) {
        return plan.spec().model().toAbsolutePath().normalize();
    }

    private static CoordinatorConfig.Listen listen(final Endpoint endpoint) {
        return new CoordinatorConfig.Listen(endpoint.host(), endpoint.port());
    }
}
