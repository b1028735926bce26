package io.spillway.kvstore.service;

import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.Tier;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.tier.BlockKey;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A node's block store: its own tiers first, then the store servers and the other nodes.
 *
 * <p>Offload copies into the own host tier and sends on to one store server, chosen by the chain, so that a chain stays
 * in one place. Look-up asks all members at once for what the own tiers lack; the longest run wins, stores before
 * engines, then by id. Fetched blocks enter the own host tier too, unless configured otherwise. Owns neither the
 * service nor the transport.
 */
public final class TieredBlockStore implements BlockStore {
    private final BlockService own;
    private final BlockTransport transport;
    private final TieredConfig config;
    private final WriteBehind writeBehind;
    /** Stores first, then by id: the order in which equal answers win. */
    private volatile List<Peer> peers = List.of();
    private volatile boolean closed;

    /** @param clock the one that callers take their deadlines from */
    public TieredBlockStore(
        final BlockService own, final BlockTransport transport, final TieredConfig config, final NanoClock clock) {
        this.own = own;
        this.transport = transport;
        this.config = config;
        this.writeBehind = new WriteBehind(own, transport, config, clock);
    }

    /** The other members as of now; leave this member out. Any thread, but one at a time. */
    public void setPeers(final List<Peer> current) {
        peers = current.stream()
            .sorted(Comparator.<Peer, Boolean>comparing(peer -> peer.role() != NodeRole.STORE).thenComparing(Peer::id))
            .toList();
        writeBehind.setPeers(peers);
        transport.setPeers(peers);
    }

    @Override
    public boolean offload(
        final BlockHash hash, final BlockHash parent, final MemorySegment bytes, final Runnable released) {
        return !closed && own.store(new BlockKey(hash, parent), bytes, released, chain -> {
            if (chain != null) {
                writeBehind.offer(hash, chain);
            }
        });
    }

    @Override
    public CompletableFuture<Found> lookup(final List<BlockHash> blocks, final long deadlineNanos) {
        if (closed || blocks.isEmpty()) {
            return CompletableFuture.completedFuture(Found.NOTHING);
        }
        final CompletableFuture<Integer> local = new CompletableFuture<>();
        if (!own.find(blocks, local::complete)) {
            local.complete(0);
        }
        return local.thenCompose(run -> run == blocks.size()
            ? CompletableFuture.completedFuture(found(run, 0, null))
            : lookupRemote(blocks, run, deadlineNanos));
    }

    @Override
    public CompletableFuture<Onboarded> onboard(
        final List<BlockHash> blocks, final Found found, final List<MemorySegment> targets, final long deadlineNanos) {
        if (blocks.size() > found.blocks() || blocks.size() != targets.size()) {
            throw new IllegalArgumentException(
                blocks.size() + " blocks for " + targets.size() + " targets, " + found.blocks() + " found");
        }
        if (closed || blocks.isEmpty()) {
            return CompletableFuture.completedFuture(Onboarded.NOTHING);
        }
        final List<CompletableFuture<Onboarded>> parts = new ArrayList<>();
        final List<Integer> wanted = new ArrayList<>();
        int from = 0;
        for (final Found.Segment segment : found.segments()) {
            final int to = Math.min(blocks.size(), from + segment.blocks());
            if (to > from) {
                wanted.add(to - from);
                parts.add(fetch(segment.source(), blocks.subList(from, to), targets.subList(from, to), deadlineNanos));
            }
            from = to;
        }
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).thenApply(done -> join(parts, wanted));
    }

    @Override
    public NodeLoad.TierUse tierUse() {
        return own.tierUse();
    }

    /** @return what became of blocks on their way to stores */
    public TieredCounters counters() {
        return new TieredCounters(writeBehind.count(PutOutcome.STORED), writeBehind.count(PutOutcome.ALREADY_HELD),
            writeBehind.count(PutOutcome.REFUSED), writeBehind.count(PutOutcome.CORRUPT),
            writeBehind.count(PutOutcome.UNKNOWN), writeBehind.notSent());
    }

    /** Refuses from now on. The service and the transport are closed by who made them: transport first. */
    @Override
    public void close() {
        closed = true;
    }

    private CompletableFuture<Found> lookupRemote(
        final List<BlockHash> blocks, final int run, final long deadlineNanos) {
        final List<Peer> asked = peers;
        final List<BlockHash> rest = blocks.subList(run, blocks.size());
        final List<CompletableFuture<Integer>> answers =
            asked.stream().map(peer -> transport.lookup(peer.id(), rest, deadlineNanos)).toList();
        return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).thenApply(done -> {
            int longest = 0;
            NodeId source = null;
            for (int i = 0; i < asked.size(); i++) {
                final int remote = Math.min(rest.size(), answers.get(i).join());
                if (remote > longest) {
                    longest = remote;
                    source = asked.get(i).id();
                }
            }
            return found(run, longest, source);
        });
    }

    private CompletableFuture<Onboarded> fetch(
        final String source, final List<BlockHash> blocks, final List<MemorySegment> targets,
        final long deadlineNanos) {
        if (source.isEmpty()) {
            return own.copyOut(blocks, targets, deadlineNanos);
        }
        // Targets may be reused once the caller's future completes, so keeping a block is part of the fetch.
        final List<CompletableFuture<Void>> keeping = new ArrayList<>();
        final BlockSink sink = config.keepFetched() ? (key, bytes) -> keeping.add(keep(key, bytes)) : BlockSink.NONE;
        return transport.get(new Fetch(new NodeId(source), blocks, targets, sink), deadlineNanos).thenCompose(
            onboarded -> CompletableFuture.allOf(keeping.toArray(CompletableFuture[]::new))
                .thenApply(kept -> onboarded));
    }

    private CompletableFuture<Void> keep(final BlockKey key, final MemorySegment bytes) {
        final CompletableFuture<Void> kept = new CompletableFuture<>();
        if (!own.store(key, bytes, () -> kept.complete(null), chain -> { })) {
            kept.complete(null);
        }
        return kept;
    }

    private static Found found(final int local, final int remote, final NodeId source) {
        final List<Found.Segment> segments = new ArrayList<>();
        if (local > 0) {
            segments.add(new Found.Segment("", local));
        }
        if (remote > 0) {
            segments.add(new Found.Segment(source.value(), remote));
        }
        return new Found(local + remote, segments);
    }

    /** Parts count only as long as all before them are whole. */
    private static Onboarded join(final List<CompletableFuture<Onboarded>> parts, final List<Integer> wanted) {
        final List<Tier> tiers = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            final Onboarded part = parts.get(i).join();
            tiers.addAll(part.tiers());
            if (part.blocks() < wanted.get(i)) {
                break;
            }
        }
        return new Onboarded(tiers.size(), tiers);
    }
}
