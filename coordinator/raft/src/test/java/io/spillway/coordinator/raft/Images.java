package io.spillway.coordinator.raft;

import io.spillway.coordinator.state.ClusterView.Member;
import io.spillway.coordinator.state.ClusterView.RunKey;
import io.spillway.coordinator.state.ClusterView.UsageTotals;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.StateImage;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.kv.ModelFingerprint;
import io.spillway.domain.kv.TenantSecret;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Any command, any answer, any image. */
final class Images {
    private Images() {
    }

    static Arbitrary<String> names() {
        return Arbitraries.strings().alpha().numeric().ofMinLength(1).ofMaxLength(12);
    }

    /** Text as people write it, umlauts and emoji included; unpaired surrogates are no text. */
    static Arbitrary<String> texts() {
        return Arbitraries.of("", "a", "für Jörg", "日本語", "🙂 ok", "line\nline", "\u0000");
    }

    private static Arbitrary<Long> longs() {
        return Arbitraries.longs();
    }

    private static Arbitrary<Integer> counts() {
        return Arbitraries.integers().greaterOrEqual(1);
    }

    private static Arbitrary<Endpoint> endpoints() {
        return Combinators.combine(names(), Arbitraries.integers().between(1, 65_535)).as(Endpoint::new);
    }

    private static Arbitrary<ModelDescriptor> models() {
        final Arbitrary<Integer> headDims = Arbitraries.integers().between(1, Integer.MAX_VALUE / 2).map(half -> 2 * half);
        final Arbitrary<KvLayout> layouts = Combinators.combine(counts(), counts(), headDims,
            Arbitraries.of(16, 64, 128), Arbitraries.of(KvElement.values())).as(KvLayout::new);
        final Arbitrary<ModelFingerprint> fingerprints = Arbitraries.strings().withChars("0123456789abcdef").ofLength(64)
            .map(ModelFingerprint::new);
        return Combinators.combine(names().map(ModelId::new), fingerprints, counts(), counts(), layouts,
            Arbitraries.integers()).as(ModelDescriptor::new);
    }

    static Arbitrary<NodeDescriptor> nodes() {
        final Arbitrary<Optional<ModelDescriptor>> model = models().optional();
        return Combinators.combine(names().map(NodeId::new), endpoints(), endpoints(), model, Arbitraries.integers())
            .as((id, rpc, transfer, served, blocks) -> new NodeDescriptor(id,
                served.isPresent() ? NodeRole.ENGINE : NodeRole.STORE, rpc, transfer, served, blocks));
    }

    private static Arbitrary<Command.Lease> leases() {
        return Combinators.combine(names().map(NodeId::new), longs()).as(Command.Lease::new);
    }

    private static Arbitrary<Command.UsageEntry> entries() {
        return Combinators.combine(names().map(TenantId::new), texts(), texts(), longs(), longs(), longs(), longs())
            .as(Command.UsageEntry::new);
    }

    static Arbitrary<Command> commands() {
        final Arbitrary<TenantId> tenants = names().map(TenantId::new);
        return Arbitraries.oneOf(
            Combinators.combine(nodes(), longs()).as(Command.RegisterNode::new),
            Combinators.combine(leases().list().ofMaxSize(5), longs()).as(Command.RenewLeases::new),
            Arbitraries.just(new Command.ExpireLeases()),
            leases().map(lease -> new Command.DeregisterNode(lease.node(), lease.epoch())),
            Combinators.combine(tenants, Arbitraries.bytes().array(byte[].class).ofMaxSize(40))
                .as(Command.CreateTenant::new),
            Combinators.combine(tenants, texts(), texts()).as(Command.CreateApiKey::new),
            texts().map(Command.RevokeApiKey::new),
            entries().list().ofMaxSize(5).map(Command.SettleUsage::new),
            Combinators.combine(BatchImages.changes(), entries().list().ofMaxSize(3)).as(Command.ChangeBatch::new),
            texts().map(Command.AdoptFiles::new),
            KeyImages.changes().map(Command.ChangeKeys::new));
    }

    static Arbitrary<CommandResult> results() {
        return Arbitraries.oneOf(
            Arbitraries.just(new CommandResult.Done()),
            Combinators.combine(longs(), longs()).as(CommandResult.Registered::new),
            leases().list().ofMaxSize(5).map(CommandResult.Renewed::new),
            Combinators.combine(Arbitraries.of(ErrorCode.values()), texts()).as(CommandResult.Refused::new));
    }

    static Arbitrary<StateImage> images() {
        final Arbitrary<UsageTotals> totals =
            Combinators.combine(longs(), longs(), longs(), longs(), longs()).as(UsageTotals::new);
        final Arbitrary<TenantId> tenants = names().map(TenantId::new);
        final Arbitrary<TenantSecret> secrets =
            Arbitraries.bytes().array(byte[].class).ofSize(TenantSecret.BYTES).map(TenantSecret::new);
        final Arbitrary<Member> members = Combinators.combine(nodes(), longs(), longs()).as(Member::new);
        final Arbitrary<RunKey> runs = Combinators.combine(tenants, texts()).as(RunKey::new);
        return Combinators.combine(longs(), longs(), members.list().ofMaxSize(3),
            Combinators.combine(tenants, secrets, totals).as(StateImage.Tenant::new).list().ofMaxSize(3),
            KeyImages.keys().list().ofMaxSize(3),
            Combinators.combine(runs, totals).as(StateImage.Run::new).list().ofMaxSize(3),
            Combinators.combine(names(), results()).as(StateImage.Remembered::new).list().ofMaxSize(3),
            Combinators.combine(texts(), BatchImages.jobs().list().ofMaxSize(3)).as(StateImage.Batches::new))
            .as(StateImage::new);
    }
}
