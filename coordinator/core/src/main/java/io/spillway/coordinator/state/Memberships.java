package io.spillway.coordinator.state;

import io.spillway.coordinator.state.ClusterView.Member;
import io.spillway.coordinator.state.CommandResult.Refused;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** Members, their epochs and leases. One writer: the thread that applies the log. */
final class Memberships {
    private final int membersMax;
    private final TreeMap<NodeId, Member> members = new TreeMap<>();
    private FrozenMap<NodeId, Member> frozen = FrozenMap.empty();
    private boolean changed;
    private long lastEpoch;

    Memberships(final int membersMax) {
        this.membersMax = membersMax;
    }

    void restore(final StateImage image) {
        lastEpoch = image.lastEpoch();
        image.members().forEach(member -> members.put(member.descriptor().id(), member));
        changed = true;
    }

    long lastEpoch() {
        return lastEpoch;
    }

    /** @return the members now; the same object until one changes */
    FrozenMap<NodeId, Member> frozen() {
        if (changed) {
            frozen = FrozenMap.of(members);
            changed = false;
        }
        return frozen;
    }

    CommandResult register(final Command.RegisterNode command, final long epochMillis) {
        final NodeDescriptor descriptor = command.descriptor();
        if (command.leaseMillis() < 1) {
            return badLease(command.leaseMillis());
        }
        if (!members.containsKey(descriptor.id()) && members.size() >= membersMax) {
            return new Refused(ErrorCode.ABOVE_MAXIMUM, "the cluster has " + membersMax + " members, the most it may have");
        }
        final Optional<String> mismatch = descriptor.model().flatMap(model -> mismatch(descriptor.id(), model));
        if (mismatch.isPresent()) {
            return new Refused(ErrorCode.IDENTITY_MISMATCH, mismatch.get());
        }
        final long leaseUntilEpochMillis = leaseUntil(epochMillis, command.leaseMillis());
        members.put(descriptor.id(), new Member(descriptor, ++lastEpoch, leaseUntilEpochMillis));
        changed = true;
        return new CommandResult.Registered(lastEpoch, leaseUntilEpochMillis);
    }

    CommandResult renew(final Command.RenewLeases command, final long epochMillis) {
        if (command.leaseMillis() < 1) {
            return badLease(command.leaseMillis());
        }
        final long leaseUntilEpochMillis = leaseUntil(epochMillis, command.leaseMillis());
        final List<Command.Lease> stale = new ArrayList<>();
        for (final Command.Lease lease : command.leases()) {
            final Member member = members.get(lease.node());
            if (member == null || member.epoch() != lease.epoch()) {
                stale.add(lease);
            } else {
                members.put(lease.node(), new Member(member.descriptor(), member.epoch(), leaseUntilEpochMillis));
                changed = true;
            }
        }
        return new CommandResult.Renewed(stale);
    }

    CommandResult expire(final long epochMillis) {
        changed |= members.values().removeIf(member -> member.leaseUntilEpochMillis() < epochMillis);
        return new CommandResult.Done();
    }

    CommandResult deregister(final Command.DeregisterNode command) {
        final Member member = members.get(command.node());
        if (member == null) {
            return new Refused(ErrorCode.NOT_FOUND, "no member is called " + command.node());
        }
        if (member.epoch() != command.epoch()) {
            return new Refused(ErrorCode.STALE_EPOCH, "member " + command.node() + " has epoch " + member.epoch()
                + " now, not " + command.epoch());
        }
        members.remove(command.node());
        changed = true;
        return new CommandResult.Done();
    }

    /**
     * Every member but the one that registers counts, those too whose lease has ended and that were not dropped yet: they
     * may still renew it.
     */
    private Optional<String> mismatch(final NodeId registering, final ModelDescriptor model) {
        return members.values().stream()
            .map(Member::descriptor)
            .filter(other -> !other.id().equals(registering))
            .filter(other -> other.model().filter(served -> served.id().equals(model.id())).isPresent())
            .findFirst()
            .flatMap(other -> difference(model, other.model().orElseThrow())
                .map(text -> "model " + model.id() + " differs from what member " + other.id() + " serves: " + text));
    }

    private static Optional<String> difference(final ModelDescriptor ours, final ModelDescriptor theirs) {
        return firstPresent(
            difference("fingerprint", ours.fingerprint(), theirs.fingerprint()),
            difference("layout", ours.layout(), theirs.layout()),
            difference("hashVersion", ours.hashVersion(), theirs.hashVersion()),
            difference("contextTokens", ours.contextTokens(), theirs.contextTokens()),
            difference("vocabularySize", ours.vocabularySize(), theirs.vocabularySize()));
    }

    private static Optional<String> difference(final String field, final Object ours, final Object theirs) {
        return Objects.equals(ours, theirs) ? Optional.empty() : Optional.of(field + " is " + ours + ", not " + theirs);
    }

    @SafeVarargs
    private static Optional<String> firstPresent(final Optional<String>... choices) {
        return List.of(choices).stream().flatMap(Optional::stream).findFirst();
    }

    private static long leaseUntil(final long epochMillis, final long leaseMillis) {
        return epochMillis > Long.MAX_VALUE - leaseMillis ? Long.MAX_VALUE : epochMillis + leaseMillis;
    }

    private static Refused badLease(final long leaseMillis) {
        return new Refused(ErrorCode.INVALID_VALUE, "leaseMillis must be positive: " + leaseMillis);
    }
}
