package io.spillway.kvstore.transfer;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.exceptions.AeronException;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.id.NodeId;
import io.spillway.kvstore.service.Peer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * All links of an endpoint: opens them, greets, notices loss, tries again. Single writer: the agent's thread;
 * {@link #isConnected} may be called from any.
 */
final class Links {
    /** The one Aeron stream. */
    static final int STREAM = 41;
    private static final int LINKS_MAX = 4096;
    /** A first request may wait this long for its link; afterwards requests fail at once until the peer answers. */
    private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long GREETING_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);
    private static final long RETRY_FIRST_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final int RETRY_DOUBLINGS_MAX = 3;

    private final Aeron aeron;
    private final Self self;
    private final Frames frames;
    private final Consumer<PeerLink> onUp;
    private final Consumer<PeerLink> onLost;
    private final Map<Endpoint, PeerLink> byEndpoint = new LinkedHashMap<>();
    private final Map<Integer, PeerLink> bySession = new LinkedHashMap<>();
    private final Map<NodeId, PeerLink> byPeer = new LinkedHashMap<>();
    private final Set<NodeId> connected = ConcurrentHashMap.newKeySet();

    /**
     * @param onUp   both sides know each other now
     * @param onLost all that was under way on the link is void
     */
    Links(
        final Aeron aeron, final Self self, final Frames frames, final Consumer<PeerLink> onUp,
        final Consumer<PeerLink> onLost) {
        this.aeron = aeron;
        this.self = self;
        this.frames = frames;
        this.onUp = onUp;
        this.onLost = onLost;
    }

    /** Any thread. */
    boolean isConnected(final NodeId peer) {
        return connected.contains(peer);
    }

    PeerLink ofPeer(final NodeId peer) {
        return byPeer.get(peer);
    }

    PeerLink ofSession(final int session) {
        return bySession.get(session);
    }

    Iterable<PeerLink> all() {
        return byEndpoint.values();
    }

    /** @return true while a request may wait for the link to come up */
    boolean mayWait(final PeerLink link, final long nowNanos) {
        return link != null && link.wanted && !link.lostBefore && nowNanos - link.sinceNanos < GRACE_NANOS;
    }

    void setPeers(final List<Peer> peers, final long nowNanos) {
        byPeer.clear();
        byEndpoint.values().forEach(link -> link.wanted = false);
        for (final Peer peer : peers) {
            final PeerLink link = byEndpoint.computeIfAbsent(peer.transfer(), this::newLink);
            if (link.id != null && !link.id.equals(peer.id())) {
                lose(link, nowNanos);
            }
            link.wanted = true;
            link.id = peer.id();
            byPeer.put(peer.id(), link);
            if (link.publication == null && link.state == PeerLink.State.DOWN) {
                open(link, nowNanos);
            }
        }
        connected.retainAll(byPeer.keySet());
        byPeer.values().stream().filter(PeerLink::isUp).forEach(link -> connected.add(link.id));
        for (final PeerLink link : List.copyOf(byEndpoint.values())) {
            if (!link.wanted) {
                closeUnlessServing(link, nowNanos);
            }
        }
    }

    /** A peer introduces itself on a session. */
    void onHello(final int session, final FrameHandler.Greeting hello, final long nowNanos) {
        final PeerLink known = byEndpoint.get(hello.endpoint());
        if (known == null && byEndpoint.size() >= LINKS_MAX
            || known != null && known.wanted && !known.id.equals(hello.id())) {
            return;
        }
        final PeerLink link = byEndpoint.computeIfAbsent(hello.endpoint(), this::newLink);
        link.id = hello.id();
        final boolean restarted = link.incarnation != 0 && link.incarnation != hello.incarnation();
        if (restarted) {
            lose(link, nowNanos);
            byEndpoint.put(hello.endpoint(), link);
        } else if (link.hasSession && link.session != session) {
            onLost.accept(link);
        }
        final boolean isNew = link.incarnation != hello.incarnation() || !link.hasSession || link.session != session;
        bind(link, session, hello.incarnation());
        if (link.publication == null && link.state != PeerLink.State.OPENING) {
            open(link, nowNanos);
        } else if (isNew && link.state != PeerLink.State.OPENING || hello.answers() != self.incarnation()) {
            greet(link);
        }
        if (hello.answers() == self.incarnation() && !link.isUp() && link.publication != null) {
            up(link);
        }
    }

    /** What the peer of this session sent has ended: it closed, died or fell silent. */
    void onSessionLost(final int session, final long nowNanos) {
        final PeerLink link = bySession.remove(session);
        if (link != null && link.hasSession && link.session == session) {
            lose(link, nowNanos);
        }
    }

    /** Moves connections on. @return work done */
    int step(final long nowNanos) {
        int workCount = 0;
        for (final PeerLink link : new ArrayList<>(byEndpoint.values())) {
            workCount += step(link, nowNanos) ? 1 : 0;
        }
        return workCount;
    }

    void closeAll() {
        for (final PeerLink link : byEndpoint.values()) {
            onLost.accept(link);
            link.disconnect();
        }
        connected.clear();
    }

    private boolean step(final PeerLink link, final long nowNanos) {
        if (!link.waiting.isEmpty() && !mayWait(link, nowNanos)) {
            onLost.accept(link);
        }
        switch (link.state) {
            case DOWN -> {
                if (link.wanted && nowNanos - link.sinceNanos >= retryNanos(link)) {
                    open(link, nowNanos);
                    return true;
                }
                return false;
            }
            case OPENING -> {
                return adopt(link, nowNanos);
            }
            case GREETING -> {
                return greetOnce(link, nowNanos);
            }
            case UP -> {
                final boolean lost = link.isBroken() || !link.publication.isConnected();
                if (lost) {
                    lose(link, nowNanos);
                }
                return lost;
            }
        }
        return false;
    }

    /** A Hello that reached nobody is said again; one that is not answered starts the link over. */
    private boolean greetOnce(final PeerLink link, final long nowNanos) {
        final boolean reachable = link.publication.isConnected();
        final boolean tired = nowNanos - link.sinceNanos > GREETING_NANOS_MAX;
        if (link.isBroken() || tired && (link.greeted || !link.wanted)) {
            lose(link, nowNanos);
            return true;
        }
        if (reachable && !link.greeted) {
            greet(link);
            return true;
        }
        link.greeted &= reachable;
        return false;
    }

    private void open(final PeerLink link, final long nowNanos) {
        final String channel =
            "aeron:udp?endpoint=" + link.endpoint + "|mtu=" + self.packets().towards(link.endpoint.host());
        link.registrationId = aeron.asyncAddExclusivePublication(channel, STREAM);
        link.state = PeerLink.State.OPENING;
        link.sinceNanos = nowNanos;
        link.attempts++;
    }

    private boolean adopt(final PeerLink link, final long nowNanos) {
        try {
            final ExclusivePublication publication = aeron.getExclusivePublication(link.registrationId);
            if (publication == null) {
                return false;
            }
            link.publication = publication;
            link.state = PeerLink.State.GREETING;
            link.greeted = false;
        } catch (final AeronException e) {
            // The name cannot be resolved, or the like: tried again later.
            link.state = PeerLink.State.DOWN;
            lose(link, nowNanos);
        }
        return true;
    }

    private void greet(final PeerLink link) {
        if (link.publication == null) {
            return;
        }
        link.greeted = true;
        link.send(frames.hello(self.incarnation(), link.incarnation, self.id(), self.endpoint()));
    }

    private void bind(final PeerLink link, final int session, final long incarnation) {
        if (link.hasSession && link.session != session) {
            bySession.remove(link.session);
        }
        link.session = session;
        link.hasSession = true;
        link.incarnation = incarnation;
        bySession.put(session, link);
    }

    private void up(final PeerLink link) {
        link.state = PeerLink.State.UP;
        link.attempts = 0;
        if (byPeer.get(link.id) == link) {
            connected.add(link.id);
        }
        onUp.accept(link);
    }

    private void lose(final PeerLink link, final long nowNanos) {
        if (link.id != null && byPeer.get(link.id) == link) {
            connected.remove(link.id);
        }
        if (link.hasSession) {
            bySession.remove(link.session);
        }
        onLost.accept(link);
        if (link.state == PeerLink.State.OPENING) {
            aeron.asyncRemovePublication(link.registrationId);
        }
        link.disconnect();
        link.sinceNanos = nowNanos;
        link.attempts = Math.max(1, link.attempts);
        link.lostBefore = true;
        if (!link.wanted) {
            byEndpoint.remove(link.endpoint);
        }
    }

    /** A peer that we need no more may still need us; what it asks is served until it goes. */
    private void closeUnlessServing(final PeerLink link, final long nowNanos) {
        if (!link.hasSession) {
            lose(link, nowNanos);
        }
    }

    private PeerLink newLink(final Endpoint endpoint) {
        return new PeerLink(endpoint, frames);
    }

    private static long retryNanos(final PeerLink link) {
        return RETRY_FIRST_NANOS << Math.min(RETRY_DOUBLINGS_MAX, link.attempts - 1);
    }

    /** This endpoint, as it introduces itself. */
    record Self(NodeId id, Endpoint endpoint, long incarnation, TransferConfig.Packets packets) {
    }
}
