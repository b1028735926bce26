package io.spillway.gateway.console;

import io.spillway.gateway.console.ConsoleSnapshot.Member;
import io.spillway.gateway.console.ConsoleSnapshot.Replica;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What changed in the cluster, found by comparing one snapshot with the next: who came, went, fell silent, leads. A change back within a
 * second is missed. Written by one thread; the list may be read by any.
 */
final class Changes {
    /** Changes listed. */
    static final int CHANGES_MAX = 100;

    private final ArrayDeque<Change> changes = new ArrayDeque<>();
    private final Set<String> silent = new HashSet<>();
    private ConsoleSnapshot before;
    private volatile List<Change> listed = List.of();

    /** How much a change matters. */
    enum Level {
        GOOD, WARN, BAD
    }

    /** What happened. */
    enum Kind {
        JOINED(Level.GOOD), REACHED(Level.GOOD), LEADS(Level.GOOD), LED_ANEW(Level.WARN), LEFT(Level.WARN), RENEWED(Level.WARN),
        FAILOVER(Level.WARN), SILENT(Level.BAD), LOST(Level.BAD), NO_LEADER(Level.BAD);

        private final Level level;

        Kind(final Level level) {
            this.level = level;
        }
    }

    /**
     * One change.
     *
     * @param subject member or replica; "" for the cluster
     * @param text    one line for people
     */
    record Change(long epochMillis, Kind kind, Level level, String subject, String text) {
    }

    /** @return the latest first */
    List<Change> latest() {
        return listed;
    }

    /** Takes the next snapshot; the first is what others are compared with. */
    void look(final ConsoleSnapshot now) {
        if (before != null) {
            members(now);
            leader(now);
            failovers(now);
        }
        before = now;
        listed = List.copyOf(changes);
    }

    private void members(final ConsoleSnapshot now) {
        final Map<String, Member> old = byId(before.members());
        final Map<String, Member> current = byId(now.members());
        old.forEach((id, member) -> {
            if (!current.containsKey(id)) {
                silent.remove(id);
                add(now, member.reachable() ? Kind.LEFT : Kind.LOST, id, member.role() + (member.reachable() ? " left" : " lost: its lease ran out"));
            }
        });
        current.forEach((id, member) -> member(now, old.get(id), member));
    }

    private void member(final ConsoleSnapshot now, final Member old, final Member member) {
        if (old == null) {
            add(now, Kind.JOINED, member.id(), member.role() + " joined");
        } else if (old.epoch() != member.epoch()) {
            add(now, Kind.RENEWED, member.id(), member.role() + " registered anew (epoch " + old.epoch() + " to " + member.epoch() + ")");
        } else if (old.reachable() && !member.reachable()) {
            silent.add(member.id());
            add(now, Kind.SILENT, member.id(), member.role() + " cannot be reached; its lease has "
                + Math.max(0, member.leaseLeftMillis() / 1000) + " s left");
        } else if (member.reachable() && silent.remove(member.id())) {
            // One that has just joined is reached a moment later: that is no news.
            add(now, Kind.REACHED, member.id(), member.role() + " can be reached again");
        }
    }

    private void leader(final ConsoleSnapshot now) {
        final String old = leaderOf(before);
        final String current = leaderOf(now);
        if (!old.equals(current)) {
            final long term = now.replicas().stream().mapToLong(Replica::term).max().orElse(0);
            add(now, current.isEmpty() ? Kind.NO_LEADER : old.isEmpty() ? Kind.LEADS : Kind.LED_ANEW, current.isEmpty() ? old : current,
                current.isEmpty() ? "no longer leads, nobody does" : "leads (term " + term + ")");
        }
    }

    private static String leaderOf(final ConsoleSnapshot snapshot) {
        return snapshot.replicas().stream().filter(Replica::leading).map(Replica::id).findFirst().orElse("");
    }

    private void failovers(final ConsoleSnapshot now) {
        final long moved = now.totals().failedOver() - before.totals().failedOver();
        if (moved > 0) {
            add(now, Kind.FAILOVER, "", moved + (moved == 1 ? " request goes" : " requests go") + " on at another node");
        }
    }

    private static Map<String, Member> byId(final List<Member> members) {
        return members.stream().collect(Collectors.toMap(Member::id, Function.identity()));
    }

    private void add(final ConsoleSnapshot now, final Kind kind, final String subject, final String text) {
        if (changes.size() == CHANGES_MAX) {
            changes.removeLast();
        }
        changes.addFirst(new Change(now.epochMillis(), kind, kind.level, subject, text));
    }
}
