package io.spillway.coordinator.state;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.kv.ModelFingerprint;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Commands over a world so small that they meet each other often. */
final class Commands {
    static final ModelDescriptor BROOK = model("brook", 'a', 4096);

    private Commands() {
    }

    static ModelDescriptor model(final String id, final char fingerprint, final int contextTokens) {
        return new ModelDescriptor(new ModelId(id), new ModelFingerprint(String.valueOf(fingerprint).repeat(64)),
            contextTokens, 1000, new KvLayout(4, 2, 32, 64, KvElement.F32), 1);
    }

    static NodeDescriptor engine(final String id, final ModelDescriptor model) {
        return new NodeDescriptor(new NodeId(id), NodeRole.ENGINE, new Endpoint("h", 1), new Endpoint("h", 2),
            Optional.of(model), 100);
    }

    static NodeDescriptor store(final String id) {
        return new NodeDescriptor(new NodeId(id), NodeRole.STORE, new Endpoint("h", 3), new Endpoint("h", 4),
            Optional.empty(), 0);
    }

    static Command.CreateTenant tenant(final String id) {
        final byte[] secret = new byte[32];
        Arrays.fill(secret, (byte) id.hashCode());
        return new Command.CreateTenant(new TenantId(id), secret);
    }

    static String hash(final char digit) {
        return String.valueOf(digit).repeat(64);
    }

    static Command.CreateApiKey key(final String tenant, final char digit) {
        return new Command.CreateApiKey(new TenantId(tenant), hash(digit), "label");
    }

    static Command.UsageEntry usage(final String tenant, final String run, final long tokens) {
        return new Command.UsageEntry(new TenantId(tenant), run, "brook", tokens, tokens / 2, tokens / 3, tokens * 5);
    }

    static Command.RenewLeases renew(final String id, final long epoch) {
        return new Command.RenewLeases(List.of(new Command.Lease(new NodeId(id), epoch)), 10);
    }

    /** A command, with the id it comes under and the leader's time. Ids repeat, time may go back. */
    record Step(String id, Command command, long epochMillis) {
        CommandResult applyTo(final ClusterState state) {
            return state.apply(id, command, epochMillis);
        }
    }

    static Arbitrary<Step> steps() {
        final Arbitrary<String> ids = Arbitraries.integers().between(0, 40).map(number -> "id-" + number);
        return Combinators.combine(ids, any(), Arbitraries.longs().between(0, 40)).as(Step::new);
    }

    private static Arbitrary<Command> any() {
        final Arbitrary<String> nodes = Arbitraries.of("n1", "n2", "n3", "n4");
        final Arbitrary<String> tenants = Arbitraries.of("t1", "t2", "t3");
        final Arbitrary<ModelDescriptor> models =
            Arbitraries.of(BROOK, model("brook", 'b', 4096), model("river", 'c', 64));
        final Arbitrary<Character> digits = Arbitraries.of('1', '2', '3', 'X');
        final Arbitrary<Command.UsageEntry> entries = Combinators.combine(tenants,
            Arbitraries.of("", "r1", "r2", "r3", "r4"), Arbitraries.longs().between(-1, 50)).as(Commands::usage);
        return Arbitraries.oneOf(
            Combinators.combine(nodes, models).as((id, model) -> new Command.RegisterNode(engine(id, model), 10)),
            nodes.map(id -> new Command.RegisterNode(store(id), 10)),
            Combinators.combine(nodes, Arbitraries.longs().between(1, 9)).as(Commands::renew),
            Arbitraries.just(new Command.ExpireLeases()),
            Combinators.combine(nodes, Arbitraries.longs().between(1, 9))
                .as((id, epoch) -> new Command.DeregisterNode(new NodeId(id), epoch)),
            tenants.map(Commands::tenant),
            Combinators.combine(tenants, digits).as(Commands::key),
            digits.map(digit -> new Command.RevokeApiKey(hash(digit))),
            KeyCommands.any().map(Command.ChangeKeys::new),
            entries.list().ofMaxSize(4).map(Command.SettleUsage::new));
    }
}
