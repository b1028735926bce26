package io.spillway.node.engine;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockStore;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.runner.HostModel;
import io.spillway.node.runner.ModelDevice;
import io.spillway.node.speculation.Speculation;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * What an engine works with. All of it is borrowed: the owner closes device and store after the engine.
 *
 * @param device   the model, and where it computes
 * @param layout   of its blocks
 * @param kvEvents told of what becomes and ceases to be readable on the device, in order, on the engine thread; must be
 *                 cheap and must not throw
 * @param speculation how decoding sequences guess ahead; its proposers serve this engine only
 * @param constraints what outputs may consist of
 */
public record EngineParts(
    ModelDevice device, KvLayout layout, BlockStore store, NanoClock clock,
    Consumer<KvEvent> kvEvents, Speculation speculation, ConstraintSource constraints) {
    /**
     * A model in host memory.
     *
     * @param slab at least {@code deviceBlocks * layout.blockBytes()} bytes, shared between threads
     */
    public EngineParts(final LanguageModel model, final KvLayout layout, final MemorySegment slab, final BlockStore store,
        final NanoClock clock, final Consumer<KvEvent> kvEvents, final Speculation speculation, final ConstraintSource constraints) {
        this(new HostModel(model, layout, slab), layout, store, clock, kvEvents, speculation, constraints);
    }

    /** A model in host memory, without guesses and constraints. */
    public EngineParts(final LanguageModel model, final KvLayout layout, final MemorySegment slab, final BlockStore store,
        final NanoClock clock, final Consumer<KvEvent> kvEvents) {
        this(model, layout, slab, store, clock, kvEvents, Speculation.OFF, ConstraintSource.NONE);
    }

    public EngineParts {
        requireNonNull(device, "device");
        requireNonNull(layout, "layout");
        requireNonNull(store, "store");
        requireNonNull(clock, "clock");
        requireNonNull(kvEvents, "kvEvents");
        requireNonNull(speculation, "speculation");
        requireNonNull(constraints, "constraints");
    }
}
