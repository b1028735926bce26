package io.spillway.coordinator.state;

import io.spillway.coordinator.state.ClusterView.RunKey;
import io.spillway.coordinator.state.ClusterView.UsageTotals;
import io.spillway.coordinator.state.Command.UsageEntry;
import io.spillway.coordinator.state.CommandResult.Refused;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.TenantId;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.TreeMap;
import java.util.function.Predicate;

/** What tenants and runs were charged. One writer: the thread that applies the log. */
final class Charges {
    static final int RUN_CHARS_MAX = 200;

    private final int runsMax;
    private final TreeMap<TenantId, UsageTotals> tenants = new TreeMap<>();
    private final TreeMap<RunKey, UsageTotals> runs = new TreeMap<>();
    /** The keys of {@code runs}, least recently charged first. */
    private final SequencedSet<RunKey> runsByAge = new LinkedHashSet<>();
    private FrozenMap<TenantId, UsageTotals> frozenTenants = FrozenMap.empty();
    private FrozenMap<RunKey, UsageTotals> frozenRuns = FrozenMap.empty();
    private boolean tenantsChanged;
    private boolean runsChanged;

    Charges(final int runsMax) {
        this.runsMax = runsMax;
    }

    void restore(final StateImage image) {
        for (final StateImage.Tenant tenant : image.tenants()) {
            if (!tenant.usage().equals(UsageTotals.ZERO)) {
                tenants.put(tenant.id(), tenant.usage());
            }
        }
        image.runs().forEach(run -> {
            runs.put(run.key(), run.usage());
            runsByAge.add(run.key());
        });
        tenantsChanged = true;
        runsChanged = true;
    }

    UsageTotals ofTenant(final TenantId tenant) {
        return tenants.getOrDefault(tenant, UsageTotals.ZERO);
    }

    /** @return every run kept, least recently charged first */
    List<StateImage.Run> runs() {
        return runsByAge.stream().map(key -> new StateImage.Run(key, runs.get(key))).toList();
    }

    /** @return totals per tenant that was charged; the same object until one changes */
    FrozenMap<TenantId, UsageTotals> frozenTenants() {
        if (tenantsChanged) {
            frozenTenants = FrozenMap.of(tenants);
            tenantsChanged = false;
        }
        return frozenTenants;
    }

    /** @return totals per run kept; the same object until one changes */
    FrozenMap<RunKey, UsageTotals> frozenRuns() {
        if (runsChanged) {
            frozenRuns = FrozenMap.of(runs);
            runsChanged = false;
        }
        return frozenRuns;
    }

    /** Charges all entries, or none of them when one is not valid. */
    CommandResult settle(final Command.SettleUsage command, final Predicate<TenantId> tenantExists) {
        for (int i = 0; i < command.entries().size(); i++) {
            final Optional<Refused> refused = check(i, command.entries().get(i), tenantExists);
            if (refused.isPresent()) {
                return refused.get();
            }
        }
        command.entries().forEach(this::charge);
        return new CommandResult.Done();
    }

    private static Optional<Refused> check(
        final int position, final UsageEntry entry, final Predicate<TenantId> tenantExists) {
        final String name = "entries[" + position + "]";
        if (!tenantExists.test(entry.tenant())) {
            return Optional.of(new Refused(ErrorCode.NOT_FOUND, name + ": no tenant is called " + entry.tenant()));
        }
        if ((entry.promptTokens() | entry.cachedTokens() | entry.outputTokens() | entry.costNanoDollars()) < 0) {
            return Optional.of(new Refused(ErrorCode.BELOW_MINIMUM, name + ": tokens and cost must not be negative"));
        }
        if (entry.run().length() > RUN_CHARS_MAX) {
            return Optional.of(new Refused(ErrorCode.INVALID_VALUE,
                name + ".run must have at most " + RUN_CHARS_MAX + " characters"));
        }
        return Optional.empty();
    }

    private void charge(final UsageEntry entry) {
        tenants.put(entry.tenant(), ofTenant(entry.tenant()).plus(entry));
        tenantsChanged = true;
        if (!entry.run().isEmpty()) {
            chargeRun(new RunKey(entry.tenant(), entry.run()), entry);
        }
    }

    private void chargeRun(final RunKey key, final UsageEntry entry) {
        runs.merge(key, UsageTotals.ZERO.plus(entry), (totals, first) -> totals.plus(entry));
        runsByAge.addLast(key);
        if (runsByAge.size() > runsMax) {
            runs.remove(runsByAge.removeFirst());
        }
        runsChanged = true;
    }
}
