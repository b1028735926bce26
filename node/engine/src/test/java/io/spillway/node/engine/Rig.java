package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import io.spillway.kvstore.service.BlockStore;
import io.spillway.node.runner.HostModel;
import io.spillway.node.speculation.Speculation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;

/** An engine over the fake model, stepped by the test, with a clock of its own. Checks the books after every cycle. */
final class Rig implements AutoCloseable {
    static final BlockHash ROOT = new BlockHash(1, 2);
    static final int BLOCK_TOKENS = 4;
    static final int CONTEXT_TOKENS = 64;

    final FakeModel model;
    /** Null: the model computes at once. */
    final LateDevice late;
    final Engine engine;
    /** What a follower of the KV events believes: hash to parent. */
    final Map<BlockHash, BlockHash> followed = new HashMap<>();
    final Arena arena = Arena.ofShared();
    long nowNanos = 1_000_000_000L;
    /** What a look at the clock takes. */
    long tickNanos;

    Rig(final EngineConfig config, final BlockStore store) {
        this(config, store, Speculation.OFF, ConstraintSource.NONE);
    }

    Rig(final EngineConfig config, final BlockStore store, final Speculation speculation, final ConstraintSource constraints) {
        this(config, store, speculation, constraints, new FakeModel(CONTEXT_TOKENS), null);
    }

    Rig(final EngineConfig config, final BlockStore store, final FakeModel model) {
        this(config, store, Speculation.OFF, ConstraintSource.NONE, model, null);
    }

    private Rig(final EngineConfig config, final BlockStore store, final Speculation speculation,
        final ConstraintSource constraints, final FakeModel model, final Function<MemorySegment, LateDevice> lateDevice) {
        this.model = model;
        final KvLayout layout = FakeModel.layout(config.blockTokens());
        final MemorySegment slab = arena.allocate(config.deviceBlocks() * layout.blockBytes(), 64);
        late = lateDevice == null ? null : lateDevice.apply(slab);
        engine = new Engine(config, new EngineParts(late != null ? late : new HostModel(model, layout, slab), layout,
            store, () -> nowNanos += tickNanos, this::follow, speculation, constraints));
    }

    /** An engine over a device that computes as late as it may. @param random of its memory's delays and faults; null: none */
    static Rig late(final EngineConfig config, final BlockStore store, final Speculation speculation, final Random random) {
        final FakeModel model = new FakeModel(CONTEXT_TOKENS);
        return new Rig(config, store, speculation, ConstraintSource.NONE, model,
            slab -> new LateDevice(model, FakeModel.layout(config.blockTokens()), slab, random));
    }

    static EngineConfig config(final int deviceBlocks, final int stepTokens, final int running) {
        return new EngineConfig(BLOCK_TOKENS, CONTEXT_TOKENS, deviceBlocks, stepTokens, running, 256, 1,
            Duration.ofMillis(200), Duration.ofMillis(500), 16, 4, Duration.ofMillis(300));
    }

    static GenerationRequest request(final String id, final int[] prompt, final int outputMax) {
        return request(id, prompt, outputMax, SamplingParams.GREEDY);
    }

    static GenerationRequest request(
        final String id, final int[] prompt, final int outputMax, final SamplingParams sampling) {
        return new GenerationRequest(new RequestId(id), new TenantId("t"), Optional.empty(), new ModelId("fake"), ROOT,
            prompt, new int[0], outputMax, new int[0], sampling);
    }

    static int[] tokens(final int count, final int salt) {
        final int[] tokens = new int[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = (i * 7 + salt * 13 + i * i) % FakeModel.TOKEN_THAT_THROWS;
        }
        return tokens;
    }

    Recorder submit(final GenerationRequest request) {
        final Recorder recorder = new Recorder(request);
        engine.submit(request, recorder);
        return recorder;
    }

    int cycle() {
        final int workCount = engine.agent().doWork();
        engine.agent().checkInvariants();
        if (late != null) {
            for (final int block : late.blocksToBeWritten()) {
                assertThat(engine.agent().leases(block)).as("block %d is being written to", block).isPositive();
            }
        }
        nowNanos += 1_000_000L;
        return workCount;
    }

    /** Cycles until all have ended. */
    void runToEnd(final Recorder... recorders) {
        for (int i = 0; i < 10_000; i++) {
            boolean isDone = true;
            for (final Recorder recorder : recorders) {
                isDone &= recorder.hasEnded();
            }
            if (isDone) {
                return;
            }
            cycle();
        }
        throw new AssertionError("a request never ends");
    }

    /** @return the whole output of {@code request}, run alone on a fresh engine without a store */
    static Recorder alone(final GenerationRequest request) {
        try (Rig rig = new Rig(config(64, 8, 1), new io.spillway.kvstore.service.NoBlockStore())) {
            final Recorder recorder = rig.submit(request);
            rig.runToEnd(recorder);
            return recorder;
        }
    }

    private void follow(final KvEvent event) {
        switch (event) {
            case KvEvent.BlockStored stored -> {
                assertThat(stored.parent()).satisfiesAnyOf(
                    parent -> assertThat(parent).isEqualTo(ROOT), parent -> assertThat(followed).containsKey(parent));
                assertThat(followed.put(stored.hash(), stored.parent())).as("stored twice").isNull();
            }
            case KvEvent.BlockRemoved removed -> {
                assertThat(followed.remove(removed.hash())).as("removed but not held").isNotNull();
                assertThat(followed.values()).as("a child is left behind").doesNotContain(removed.hash());
            }
            case KvEvent.AllBlocksCleared() -> followed.clear();
        }
    }

    @Override
    public void close() {
        engine.close();
        assertThat(followed).isEmpty();
        assertThat(late == null ? 0 : late.memory.open).as("transfers that were not ended").isZero();
        arena.close();
    }

    /** What a listener heard; fails on anything out of order. */
    static final class Recorder implements java.util.function.Consumer<GenerationEvent> {
        final GenerationRequest request;
        final java.util.List<Integer> output = new java.util.ArrayList<>();
        final java.util.List<io.spillway.domain.request.TokenLogprob> logprobs = new java.util.ArrayList<>();
        GenerationEvent.Started started;
        float[] vector;
        volatile GenerationEvent last;

        Recorder(final GenerationRequest request) {
            this.request = request;
        }

        @Override
        public void accept(final GenerationEvent event) {
            assertThat(last).as("an event after the last: " + event).isNull();
            switch (event) {
                case GenerationEvent.Started start -> {
                    assertThat(started).isNull();
                    assertThat(output).isEmpty();
                    started = start;
                }
                case GenerationEvent.TokenDelta delta -> {
                    assertThat(started).isNotNull();
                    assertThat(delta.firstIndex()).isEqualTo(request.emittedTokens().length + output.size());
                    for (final int token : delta.tokens()) {
                        output.add(token);
                    }
                    logprobs.addAll(delta.logprobs());
                }
                case GenerationEvent.Embedded embedded -> {
                    assertThat(vector).as("embedded twice").isNull();
                    vector = embedded.vector();
                }
                case GenerationEvent.Finished finished -> last = finished;
                case GenerationEvent.Failed failed -> last = failed;
            }
        }

        boolean hasEnded() {
            return last != null;
        }

        GenerationEvent.Finished finished() {
            assertThat(last).isInstanceOf(GenerationEvent.Finished.class);
            return (GenerationEvent.Finished) last;
        }

        io.spillway.domain.error.ErrorCode failure() {
            assertThat(last).isInstanceOf(GenerationEvent.Failed.class);
            return ((GenerationEvent.Failed) last).code();
        }
    }
}
