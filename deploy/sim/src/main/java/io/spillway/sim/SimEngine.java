package io.spillway.sim;

import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Usage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A made-up engine: the pure model, a device tier of counted blocks, time for prefill and for each token. */
final class SimEngine extends SimMember {
    private static final double TOKENS_PER_SECOND = 20_000;
    private static final long TOKEN_NANOS = 8_000_000L;
    private static final long FETCH_NANOS_PER_BLOCK = 100_000L;
    private static final int SEQUENCES_MAX = 12;

    private final ModelDescriptor model;
    private final Map<Stream, Sequence> sequences = new LinkedHashMap<>();
    private Blocks blocks;
    private long prefillEndsNanos;
    private int slowness = 1;

    private static final class Sequence {
        private final Stream stream;
        private final int[] known;
        private final List<BlockHash> chain;
        private Blocks.Lease lease;
        private int output;

        private Sequence(final Stream stream, final int[] known, final List<BlockHash> chain) {
            this.stream = stream;
            this.known = known;
            this.chain = chain;
            this.output = stream.request().emittedTokens().length;
        }
    }

    SimEngine(final Simulation sim, final NodeDescriptor descriptor) {
        super(sim, descriptor);
        this.model = descriptor.model().orElseThrow();
        this.blocks = newBlocks();
    }

    void slowness(final int factor) {
        slowness = factor;
    }

    int sequences() {
        return sequences.size();
    }

    /** @return names of the blocks it holds */
    List<BlockHash> blockNames() {
        return held().stream().map(event -> ((KvEvent.BlockStored) event).hash()).toList();
    }

    void check() {
        blocks.check();
    }

    /** A request arrives. */
    void receive(final Stream stream, final long requestEpoch) {
        if (requestEpoch != epoch()) {
            stream.emit(new GenerationEvent.Failed(ErrorCode.STALE_EPOCH, "this is epoch " + epoch()));
        } else if (sequences.size() >= SEQUENCES_MAX) {
            stream.emit(new GenerationEvent.Failed(ErrorCode.OVERLOADED, SEQUENCES_MAX + " sequences already"));
        } else {
            final GenerationRequest request = stream.request();
            final int[] known = Arrays.copyOf(request.promptTokens(), request.knownTokens());
            System.arraycopy(request.emittedTokens(), 0, known, request.promptTokens().length, request.emittedTokens().length);
            sequences.put(stream, new Sequence(stream, known,
                BlockHasher.chain(request.chainRoot(), known, 0, known.length, model.layout().blockTokens())));
            begin();
        }
    }

    /** A cancel arrives. */
    void cancel(final Stream stream) {
        final Sequence sequence = sequences.remove(stream);
        if (sequence != null) {
            release(sequence);
        }
    }

    @Override
    List<KvEvent> held() {
        return blocks.snapshot();
    }

    @Override
    void onCrash() {
        sequences.clear();
        blocks = newBlocks();
        prefillEndsNanos = 0;
        sim.breakStreams(this);
    }

    @Override
    void report() {
        final long waiting = sequences.values().stream().filter(sequence -> sequence.lease == null).count();
        final long busyNanos = Math.max(0, prefillEndsNanos - world.clock().nanoTime());
        final NodeLoad load = new NodeLoad(
            descriptor.id(), epoch(), (int) waiting, sequences.size() - (int) waiting,
            (int) (busyNanos / 1e9 * TOKENS_PER_SECOND / slowness), blocks.free(), blocks.cached(), blocks.leased(),
            world.chance(0.2) ? 0 : TOKENS_PER_SECOND / slowness, TOKEN_NANOS * slowness, 0, NodeLoad.TierUse.NONE);
        for (final SimCoordinator coordinator : sim.coordinators()) {
            if (!world.chance(sim.swarm().lostFeedback())) {
                sim.network().stream(name(), coordinator.name(), "", () -> coordinator.core().onLoad(load));
            }
        }
    }

    private Blocks newBlocks() {
        return new Blocks(descriptor.deviceBlocks(), feed::add);
    }

    /** Begins the waiting sequences that there are blocks for, oldest first. */
    private void begin() {
        for (final Sequence sequence : List.copyOf(sequences.values())) {
            if (sequence.lease == null && !tryBegin(sequence)) {
                return;
            }
        }
    }

    private boolean tryBegin(final Sequence sequence) {
        final int blockTokens = model.layout().blockTokens();
        final GenerationRequest request = sequence.stream.request();
        final int usable = (sequence.known.length - 1) / blockTokens;
        final int device = Math.min(usable, blocks.run(sequence.chain));
        final int reach = Math.min(usable, Math.max(device, sim.store().run(sequence.chain)));
        final int needed = model.layout().blocksFor(request.promptTokens().length + request.outputTokensMax());
        sequence.lease = blocks.lease(sequence.chain, device, needed);
        if (sequence.lease == null) {
            return false;
        }
        final int computed = sequence.known.length - reach * blockTokens;
        sequence.stream.emit(new GenerationEvent.Started(new PrefillSources(
            device * blockTokens, 0, (reach - device) * blockTokens, 0, computed)));
        final long prefillNanos = (long) (computed / TOKENS_PER_SECOND * 1e9) + (reach - device) * FETCH_NANOS_PER_BLOCK;
        prefillEndsNanos = Math.max(prefillEndsNanos, world.clock().nanoTime()) + prefillNanos * slowness;
        later(sequence, prefillEndsNanos - world.clock().nanoTime(), () -> {
            nameBlocks(sequence);
            decode(sequence, Model.after(sequence.known));
        });
        return true;
    }

    private void nameBlocks(final Sequence sequence) {
        BlockHash parent = sequence.stream.request().chainRoot();
        for (final BlockHash hash : sequence.chain) {
            blocks.name(sequence.lease, hash, parent);
            sim.store().offload(hash, parent);
            parent = hash;
        }
    }

    private void decode(final Sequence sequence, final Model state) {
        final GenerationRequest request = sequence.stream.request();
        if (state.stops()) {
            finish(sequence, FinishReason.STOP);
            return;
        }
        final int room = request.outputTokensMax() - sequence.output;
        final int[] tokens = new int[Math.min(room, (int) world.between(1, 3))];
        int count = 0;
        while (count < tokens.length && !state.stops()) {
            tokens[count] = state.next();
            state.read(tokens[count++]);
        }
        sequence.stream.emit(new GenerationEvent.TokenDelta(sequence.output, Arrays.copyOf(tokens, count), List.of()));
        sequence.output += count;
        if (sequence.output == request.outputTokensMax()) {
            finish(sequence, FinishReason.LENGTH);
        } else {
            later(sequence, TOKEN_NANOS * count * slowness, () -> decode(sequence, state));
        }
    }

    private void finish(final Sequence sequence, final FinishReason reason) {
        sequences.remove(sequence.stream);
        release(sequence);
        sequence.stream.emit(new GenerationEvent.Finished(reason,
            new Usage(sequence.stream.request().promptTokens().length, 0, sequence.output, PrefillSources.NONE)));
    }

    private void release(final Sequence sequence) {
        if (sequence.lease != null) {
            blocks.release(sequence.lease);
        }
        begin();
    }

    private void later(final Sequence sequence, final long delayNanos, final Runnable action) {
        final int born = incarnation();
        world.after(delayNanos, "", () -> {
            if (lives(born) && sequences.get(sequence.stream) == sequence) {
                action.run();
            }
        });
    }

    /** @return work not done, for the log */
    List<String> open() {
        final List<String> open = new ArrayList<>();
        sequences.keySet().forEach(stream -> open.add(stream.request().id().value()));
        return open;
    }
}
