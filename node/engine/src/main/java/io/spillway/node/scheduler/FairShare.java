package io.spillway.node.scheduler;

import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The line of those that wait, and their ranks: start-time fair queueing among the agent runs of a tenant, and among tenants.
 *
 * <p>Each of them has a start: the virtual time at which its next request's share begins. It moves on by what a request is
 * expected to cost when that request begins, and by the difference when it has ended. Virtual time advances with the
 * tokens computed, divided by those that want any: who comes to an empty line begins now at the earliest, so that nobody
 * saves anything up. The lowest start goes first. So a run with fifty requests at once gets as much as one with a single
 * request after the other, and a tenant with fifty runs as much as one with a single run.
 *
 * <p>A level of priority counts as {@link #LEVEL_TOKENS} of start, within a run, among runs and among tenants. Since time
 * advances with whatever is computed, everybody is passed for a bounded time only.
 *
 * <p>Deterministic: integers only, no clock, ties by arrival. Single writer: the engine thread.
 *
 * @param <S> what waits
 */
public final class FairShare<S> {
    /** Virtual tokens by which a level of priority puts a request before others. */
    public static final int LEVEL_TOKENS = 2048;
    /** Steps of virtual time per token: shares of a few tokens must not be lost in rounding. */
    static final long SCALE = 1024;
    /** Runs or tenants without requests that may still have had more than their share. */
    private static final int IDLE_MAX = 4096;

    private final Map<TenantId, FairTenant<S>> tenants = new HashMap<>();
    private final ArrayDeque<Integer> freeFlows = new ArrayDeque<>();
    private long virtual;
    private long arrivals;
    private int liveTenants;
    private int flowsUsed;

    /** @return the request's place in the line; {@code costTokens} will probably be computed for it */
    public FairTicket<S> arrive(
        final TenantId tenantId, final Optional<RunId> runId, final int priority, final long costTokens, final S item) {
        final FairTenant<S> tenant = tenants.computeIfAbsent(tenantId, FairTenant::new);
        final FairRun<S> run = tenant.runs.computeIfAbsent(runId, FairRun::new);
        if (tenant.live++ == 0) {
            liveTenants++;
        }
        if (run.live++ == 0) {
            tenant.liveRuns++;
            run.flow = freeFlows.isEmpty() ? flowsUsed++ : freeFlows.pollFirst();
        }
        if (tenant.waiting++ == 0) {
            tenant.start = Math.max(tenant.start, virtual);
        }
        if (run.line.isEmpty()) {
            run.start = Math.max(run.start, tenant.virtual);
        }
        final FairTicket<S> ticket = new FairTicket<>(item, tenant, run, priority, costTokens * SCALE, arrivals++,
            run.served - worth(priority));
        run.line.add(ticket);
        return ticket;
    }

    /** @return who is next; null when nobody waits */
    public FairTicket<S> first() {
        FairTicket<S> best = null;
        for (final FairTenant<S> tenant : tenants.values()) {
            final FairTicket<S> head = tenant.waiting == 0 ? null : tenant.first();
            if (head != null && (best == null || isBefore(head, best))) {
                best = head;
            }
        }
        return best;
    }

    private boolean isBefore(final FairTicket<S> a, final FairTicket<S> b) {
        final long keyA = a.tenant.start - worth(a.priority);
        final long keyB = b.tenant.start - worth(b.priority);
        return keyA < keyB || keyA == keyB && a.arrival < b.arrival;
    }

    /** @return the rank that it would have if it began now */
    public Rank rank(final FairTicket<S> ticket) {
        return new Rank(
            ticket.tenant.start - worth(ticket.priority), ticket.arrival, ticket.priority, ticket.run.flow);
    }

    /** Takes it out of the line, because it begins. @return its rank from now on */
    public Rank begin(final FairTicket<S> ticket) {
        final Rank rank = rank(ticket);
        leaveLine(ticket);
        ticket.tenant.start += ticket.cost;
        ticket.run.start += ticket.cost;
        ticket.charged = ticket.cost;
        return rank;
    }

    /** Notes tokens computed for a request that has begun. */
    public void served(final FairTicket<S> ticket, final int tokens) {
        final long scaled = tokens * SCALE;
        ticket.served += scaled;
        ticket.run.served += scaled;
        ticket.tenant.virtual += scaled / Math.max(1, ticket.tenant.liveRuns);
        virtual += scaled / Math.max(1, liveTenants);
    }

    /** It has ended, begun or not: what it cost in truth takes the place of what was expected. */
    public void end(final FairTicket<S> ticket) {
        final FairTenant<S> tenant = ticket.tenant;
        final FairRun<S> run = ticket.run;
        leaveLine(ticket);
        tenant.start += ticket.served - ticket.charged;
        run.start += ticket.served - ticket.charged;
        if (--run.live == 0) {
            tenant.liveRuns--;
            freeFlows.addFirst(run.flow);
            tenant.forgetIdle(IDLE_MAX);
        }
        if (--tenant.live == 0) {
            tenant.runs.clear(); // nobody is left for them to be ahead of
            liveTenants--;
            forgetIdle();
        }
    }

    private void leaveLine(final FairTicket<S> ticket) {
        if (ticket.run.line.remove(ticket)) {
            ticket.tenant.waiting--;
        }
    }

    private void forgetIdle() {
        if (liveTenants == 0) {
            tenants.clear();
        } else if (tenants.size() > 2 * liveTenants + IDLE_MAX) {
            tenants.values().removeIf(tenant -> tenant.live == 0 && tenant.start <= virtual);
            if (tenants.size() > 2 * liveTenants + IDLE_MAX) {
                tenants.values().removeIf(tenant -> tenant.live == 0);
            }
        }
    }

    /** @return runs that are remembered */
    int runCount() {
        return tenants.values().stream().mapToInt(tenant -> tenant.runs.size()).sum();
    }

    static long worth(final int priority) {
        return (long) priority * LEVEL_TOKENS * SCALE;
    }
}
