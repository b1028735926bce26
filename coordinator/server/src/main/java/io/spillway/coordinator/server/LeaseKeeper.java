package io.spillway.coordinator.server;

import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.ReplicatedLog;
import java.util.List;
import java.util.function.Supplier;

/**
 * Turns open streams into renewed leases, and lets the leader drop the members nobody hears.
 *
 * <p>Every replica renews for the members it hears, but only once their lease is half used up: while all replicas hear a
 * member, one proposal in half a lease suffices. Run by one timer thread.
 */
final class LeaseKeeper {
    private final ReplicatedLog log;
    private final MemberStreams streams;
    private final Supplier<String> commandIds;
    private final long leaseMillis;
    /** When this replica began to lead, by its wall clock; -1 while it does not. */
    private long leadingSinceEpochMillis = -1;

    LeaseKeeper(
        final ReplicatedLog log, final MemberStreams streams, final Supplier<String> commandIds, final long leaseMillis) {
        this.log = log;
        this.streams = streams;
        this.commandIds = commandIds;
        this.leaseMillis = leaseMillis;
    }

    /** @param nowEpochMillis this replica's wall clock; only decides when to propose, never what is true */
    void tick(final long nowEpochMillis) {
        final var members = log.view().members();
        final long slackMillis = log.leadership().leading() ? leaseMillis / 2 : leaseMillis / 4;
        final List<Command.Lease> due = streams.leases().stream().filter(lease -> {
            final var member = members.get(lease.node());
            return member == null || member.epoch() != lease.epoch()
                || member.leaseUntilEpochMillis() - nowEpochMillis < slackMillis;
        }).toList();
        if (!due.isEmpty()) {
            log.propose(commandIds.get(), new Command.RenewLeases(due, leaseMillis)).thenAccept(result -> {
                if (result instanceof CommandResult.Renewed(List<Command.Lease> stale)) {
                    streams.onStale(stale);
                }
            });
        }
        final boolean expired = members.values().stream()
            .anyMatch(member -> member.leaseUntilEpochMillis() < nowEpochMillis);
        if (mayExpire(nowEpochMillis) && expired) {
            log.propose(commandIds.get(), new Command.ExpireLeases());
        }
    }

    /** A new leader waits for one lease: renewals that were stuck during the election must come through first. */
    private boolean mayExpire(final long nowEpochMillis) {
        if (!log.leadership().leading()) {
            leadingSinceEpochMillis = -1;
            return false;
        }
        if (leadingSinceEpochMillis < 0) {
            leadingSinceEpochMillis = nowEpochMillis;
        }
        return nowEpochMillis - leadingSinceEpochMillis >= leaseMillis;
    }
}
