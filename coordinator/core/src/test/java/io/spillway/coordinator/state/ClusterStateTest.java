package io.spillway.coordinator.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.state.ClusterView.RunKey;
import io.spillway.coordinator.state.ClusterView.UsageTotals;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ClusterStateTest {
    private static final CommandResult DONE = new CommandResult.Done();
    private final ClusterState state = new ClusterState();
    private int commands;

    private CommandResult apply(final Command command, final long epochMillis) {
        return state.apply("c" + commands++, command, epochMillis);
    }

    private CommandResult apply(final Command command) {
        return apply(command, 0);
    }

    private static void assertRefused(final CommandResult result, final ErrorCode code, final String... words) {
        assertThat(result).isInstanceOfSatisfying(CommandResult.Refused.class, refused -> {
            assertThat(refused.code()).isEqualTo(code);
            assertThat(words).allSatisfy(word -> assertThat(refused.detail()).contains(word));
        });
    }

    @Test
    void aMemberGetsANewEpochEachTimeItRegisters() {
        assertThat(apply(new Command.RegisterNode(Commands.store("s1"), 10), 100))
            .isEqualTo(new CommandResult.Registered(1, 110));
        assertThat(apply(new Command.RegisterNode(Commands.engine("n1", Commands.BROOK), 10), 100))
            .isEqualTo(new CommandResult.Registered(2, 110));
        assertThat(apply(new Command.RegisterNode(Commands.store("s1"), 20), 105))
            .isEqualTo(new CommandResult.Registered(3, 125));
        assertThat(state.view().members()).hasSize(2);
        assertThat(state.view().members().get(new NodeId("s1")))
            .isEqualTo(new ClusterView.Member(Commands.store("s1"), 3, 125));
        assertThat(state.view().model(new ModelId("brook"))).contains(Commands.BROOK);
    }

    @Test
    void aModelThatDiffersIsRefusedAndTheFieldNamed() {
        apply(new Command.RegisterNode(Commands.engine("n1", Commands.BROOK), 10));
        final StateImage before = state.image();
        final ModelDescriptor brook = Commands.BROOK;
        final KvLayout other = new KvLayout(4, 2, 32, 128, KvElement.F32);
        for (final var wrong : List.of(
            java.util.Map.entry("fingerprint", Commands.model("brook", 'b', 4096)),
            java.util.Map.entry("contextTokens", Commands.model("brook", 'a', 4097)),
            java.util.Map.entry("layout", new ModelDescriptor(brook.id(), brook.fingerprint(), 4096, 1000, other, 1)),
            java.util.Map.entry("vocabularySize",
                new ModelDescriptor(brook.id(), brook.fingerprint(), 4096, 1001, brook.layout(), 1)),
            java.util.Map.entry("hashVersion",
                new ModelDescriptor(brook.id(), brook.fingerprint(), 4096, 1000, brook.layout(), 2)))) {
            assertRefused(apply(new Command.RegisterNode(Commands.engine("n2", wrong.getValue()), 10)),
                ErrorCode.IDENTITY_MISMATCH, wrong.getKey(), "brook", "n1");
        }
        assertThat(state.image().members()).isEqualTo(before.members());
        assertThat(state.image().lastEpoch()).isEqualTo(before.lastEpoch());
    }

    @Test
    void theOnlyMemberOfAModelMayChangeIt() {
        apply(new Command.RegisterNode(Commands.engine("n1", Commands.BROOK), 10));
        final ModelDescriptor next = Commands.model("brook", 'b', 4096);
        assertThat(apply(new Command.RegisterNode(Commands.engine("n1", next), 10)))
            .isInstanceOf(CommandResult.Registered.class);
        assertThat(apply(new Command.RegisterNode(Commands.engine("n2", Commands.model("river", 'c', 64)), 10)))
            .isInstanceOf(CommandResult.Registered.class);
        assertThat(state.view().models()).extracting(model -> model.id().value()).containsExactly("brook", "river");
    }

    @Test
    void leasesAreRenewedByTheCurrentEpochOnlyAndEnd() {
        apply(new Command.RegisterNode(Commands.store("s1"), 10), 100);
        apply(new Command.RegisterNode(Commands.store("s2"), 10), 100);
        final Command.Lease stale = new Command.Lease(new NodeId("s2"), 1);
        final Command.Lease unknown = new Command.Lease(new NodeId("s3"), 1);
        assertThat(apply(new Command.RenewLeases(List.of(new Command.Lease(new NodeId("s1"), 1), stale, unknown), 10), 105))
            .isEqualTo(new CommandResult.Renewed(List.of(stale, unknown)));
        apply(new Command.ExpireLeases(), 110);
        assertThat(state.view().members()).hasSize(2);
        apply(new Command.ExpireLeases(), 111);
        assertThat(state.view().members()).containsOnlyKeys(new NodeId("s1"));
        apply(new Command.ExpireLeases(), 116);
        assertThat(state.view().members()).isEmpty();
        assertRefused(apply(new Command.RegisterNode(Commands.store("s1"), 0)), ErrorCode.INVALID_VALUE, "leaseMillis");
        assertRefused(apply(new Command.RenewLeases(List.of(), -1)), ErrorCode.INVALID_VALUE, "leaseMillis");
    }

    @Test
    void aMemberLeavesByItsCurrentEpoch() {
        apply(new Command.RegisterNode(Commands.store("s1"), 10));
        apply(new Command.RegisterNode(Commands.store("s1"), 10));
        assertRefused(apply(new Command.DeregisterNode(new NodeId("s1"), 1)), ErrorCode.STALE_EPOCH, "s1", "2");
        assertRefused(apply(new Command.DeregisterNode(new NodeId("s2"), 1)), ErrorCode.NOT_FOUND, "s2");
        assertThat(apply(new Command.DeregisterNode(new NodeId("s1"), 2))).isEqualTo(DONE);
        assertThat(state.view().members()).isEmpty();
    }

    @Test
    void tenantsAndKeys() {
        assertRefused(apply(Commands.key("acme", '1')), ErrorCode.NOT_FOUND, "acme");
        assertRefused(apply(new Command.CreateTenant(new TenantId("acme"), new byte[31])), ErrorCode.INVALID_VALUE, "32");
        assertThat(apply(Commands.tenant("acme"))).isEqualTo(DONE);
        assertRefused(apply(Commands.tenant("acme")), ErrorCode.ALREADY_EXISTS, "acme");
        assertThat(apply(Commands.key("acme", '1'))).isEqualTo(DONE);
        assertRefused(apply(Commands.key("acme", '1')), ErrorCode.ALREADY_EXISTS);
        assertRefused(apply(Commands.key("acme", 'A')), ErrorCode.INVALID_VALUE, "keySha256Hex");
        assertRefused(apply(new Command.CreateApiKey(new TenantId("acme"), Commands.hash('2'), "x".repeat(201))),
            ErrorCode.INVALID_VALUE, "label");
        assertThat(state.view().key(Commands.hash('1'))).contains(ApiKey.unbounded(Commands.hash('1'), new TenantId("acme"), "label"));
        assertThat(apply(new Command.RevokeApiKey(Commands.hash('1')))).isEqualTo(DONE);
        assertRefused(apply(new Command.RevokeApiKey(Commands.hash('1'))), ErrorCode.NOT_FOUND);
        assertThat(state.view().keys()).isEmpty();
        assertThat(state.view().secrets()).containsOnlyKeys(new TenantId("acme"));
    }

    @Test
    void usageIsChargedToTenantAndRunOrNotAtAll() {
        apply(Commands.tenant("acme"));
        apply(new Command.SettleUsage(List.of(Commands.usage("acme", "r", 6), Commands.usage("acme", "", 60))));
        assertRefused(apply(new Command.SettleUsage(
            List.of(Commands.usage("acme", "r", 6), Commands.usage("nobody", "r", 6)))),
            ErrorCode.NOT_FOUND, "entries[1]", "nobody");
        assertRefused(apply(new Command.SettleUsage(List.of(Commands.usage("acme", "r", -6)))),
            ErrorCode.BELOW_MINIMUM, "entries[0]");
        assertThat(state.view().usage().get(new TenantId("acme"))).isEqualTo(new UsageTotals(2, 66, 33, 22, 330));
        assertThat(state.view().runs())
            .isEqualTo(new TreeMap<>(java.util.Map.of(new RunKey(new TenantId("acme"), "r"), new UsageTotals(1, 6, 3, 2, 30))));
    }

    @Test
    void totalsStopAtTheLargestNumber() {
        apply(Commands.tenant("acme"));
        final Command.UsageEntry huge =
            new Command.UsageEntry(new TenantId("acme"), "", "m", 1, 0, 0, Long.MAX_VALUE - 1);
        apply(new Command.SettleUsage(Collections.nCopies(3, huge)));
        assertThat(state.view().usage().get(new TenantId("acme")).costNanoDollars()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aCommandThatComesAgainIsAnsweredFromMemory() {
        final CommandResult first = state.apply("x", new Command.RegisterNode(Commands.store("s1"), 10), 100);
        assertThat(state.apply("x", new Command.RegisterNode(Commands.store("s1"), 10), 200)).isEqualTo(first);
        assertThat(state.image().lastEpoch()).isEqualTo(1);
        assertRefused(state.apply("", new Command.ExpireLeases(), 0), ErrorCode.INVALID_VALUE, "command id");
        assertRefused(state.apply("x".repeat(201), new Command.ExpireLeases(), 0), ErrorCode.INVALID_VALUE, "command id");
    }

    @Test
    void everythingIsBounded() {
        final ClusterState small = new ClusterState(new StateLimits(3, 2, 1, 1, 1), StateImage.EMPTY);
        small.apply("a", new Command.RegisterNode(Commands.store("s1"), 10), 0);
        assertRefused(small.apply("b", new Command.RegisterNode(Commands.store("s2"), 10), 0), ErrorCode.ABOVE_MAXIMUM);
        assertThat(small.apply("c", new Command.RegisterNode(Commands.store("s1"), 10), 0))
            .isInstanceOf(CommandResult.Registered.class);
        small.apply("d", Commands.tenant("t"), 0);
        assertRefused(small.apply("e", Commands.tenant("u"), 0), ErrorCode.ABOVE_MAXIMUM);
        small.apply("f", Commands.key("t", '1'), 0);
        assertRefused(small.apply("g", Commands.key("t", '2'), 0), ErrorCode.ABOVE_MAXIMUM);
        small.apply("h", new Command.SettleUsage(List.of(Commands.usage("t", "r1", 1), Commands.usage("t", "r2", 1),
            Commands.usage("t", "r1", 1), Commands.usage("t", "r3", 1))), 0);
        assertThat(small.view().runs().keySet()).extracting(RunKey::run).containsExactly("r1", "r3");
        assertThat(small.view().usage().get(new TenantId("t")).requests()).isEqualTo(4);
        assertThat(small.image().remembered()).extracting(StateImage.Remembered::commandId).containsExactly("f", "g", "h");
    }
}
