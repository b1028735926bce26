package io.spillway.node.cuda.model;

import io.spillway.domain.kv.KvLayout;
import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.ProductPlan;
import io.spillway.node.model.StepBatch;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * A decoder on a device: takes batches, and leaves what becomes of their wanted rows in device memory. Steps without parts of prompts are recorded
 * once per shape and replayed. Steps run in the order in which they were given; the host may give one while another runs. Single writer: the
 * engine thread.
 */
final class DeviceDecoder implements AutoCloseable {
    /** Steps that may be given and not yet run: more would overwrite what the device has not read. */
    static final int STEPS_UNDER_WAY_MAX = 2;

    private final Device device;
    private final DeviceWeights weights;
    private final Buffers buffers;
    private final DeviceProgram program;
    private final SequenceSlots slots;
    private final TablePatches patches;
    private final StepFeed feed = new StepFeed();
    private final long inputsAt;
    private final MemorySegment[] staging = new MemorySegment[STEPS_UNDER_WAY_MAX];
    private final Device.Mark[] sent = new Device.Mark[STEPS_UNDER_WAY_MAX];
    private final Map<StepShape, Device.Replay> recorded = new HashMap<>();
    private final int blockTokens;
    private int[] slotOf = new int[0]; // [sequences of the batch]
    private int turn;

    /**
     * How large steps are.
     *
     * @param rowsMax      most rows
     * @param sequencesMax most sequences
     * @param isInvariant  whether results of a row may not depend on the rows beside it
     */
    record Limits(int rowsMax, int sequencesMax, boolean isInvariant) { }

    /** What is done with the wanted rows of a step, and how the host tells. */
    interface Choice {
        StepShape.Output output();

        /** @return whether some tokens are those that the step before has chosen */
        boolean hasAhead();

        /** Writes rows of the choice. @param rows [wanted] of SamplingRow @param slots [sequences]: where {@link #tokenOf} is theirs */
        void write(MemorySegment rows, int[] slots);
    }

    /** @param weights borrowed @param slab address of block 0; borrowed */
    DeviceDecoder(final Device device, final DeviceWeights weights, final KvLayout layout, final long slab, final Limits limits) {
        this.device = device;
        this.weights = weights;
        blockTokens = layout.blockTokens();
        final int rowsMax = StepFeed.rowsMax(limits.rowsMax());
        final int singlesMax = StepFeed.rowsMax(Math.min(limits.rowsMax(), limits.sequencesMax() * StepFeed.SINGLES_MAX));
        buffers = new Buffers(device, weights, rowsMax, singlesMax, limits.isInvariant());
        final int stride = layout.blocksFor(weights.shape().contextTokens());
        slots = new SequenceSlots(limits.sequencesMax() * STEPS_UNDER_WAY_MAX, stride);
        final long tables = buffers.allocate((long) slots.count() * stride * Integer.BYTES);
        patches = new TablePatches(device, tables, buffers.allocate(TablePatches.bytes()));
        final AttentionLaunches.Limits attending = new AttentionLaunches.Limits(rowsMax, singlesMax, limits.sequencesMax(), limits.isInvariant());
        final ProductPlan plan = new ProductPlan(device.multiprocessors(), device.hasWarpgroups(), limits.isInvariant(), buffers.workspace);
        program = new DeviceProgram(weights, buffers, plan, new DeviceProgram.Cache(layout, slab, tables, stride, slots.count()), attending);

        final StepShape largest = new StepShape(rowsMax, singlesMax, program.attention().itemsMax(), singlesMax, StepShape.Output.WITH_LOGPROBS, true);
        final long inputBytes = StepInputs.of(0, largest).bytes();
        inputsAt = buffers.allocate(inputBytes);
        for (int i = 0; i < STEPS_UNDER_WAY_MAX; i++) {
            staging[i] = device.pinned(inputBytes);
        }
    }

    Buffers buffers() {
        return buffers;
    }

    int vocabulary() {
        return weights.vocabulary();
    }

    int hidden() {
        return weights.shape().hidden();
    }

    SamplingLaunches sampling() {
        return program.sampling();
    }

    /**
     * Gives a step to the device.
     *
     * @param owners [sequences]: whose table it is, by identity
     */
    void submit(final StepBatch batch, final Object[] owners, final Choice choice) {
        bringTables(batch, owners);
        feed.place(batch, slotOf);
        final StepShape shape = feed.shape(program.attention().planChunks(feed.chunks()), choice.output(), choice.hasAhead());
        bringRows(batch, shape, choice);
        final StepInputs inputs = StepInputs.of(inputsAt, shape);
        if (shape.isMixed()) {
            program.launch(shape, inputs, device);
            return;
        }
        final Device.Replay replay = recorded.get(shape);
        if (replay != null) {
            replay.launch();
            return;
        }
        // Once as it is, so that every kernel is loaded when the launches are recorded.
        program.launch(shape, inputs, device);
        recorded.put(shape, device.record(() -> program.launch(shape, inputs, device)));
    }

    private void bringTables(final StepBatch batch, final Object[] owners) {
        if (slotOf.length < batch.sequenceCount()) {
            slotOf = new int[batch.sequenceCount()];
        }
        slots.beginStep();
        for (int sequence = 0; sequence < batch.sequenceCount(); sequence++) {
            slotOf[sequence] = slots.slot(owners[sequence]);
        }
        for (int row = 0; row < batch.rowCount(); row++) {
            final int sequence = batch.sequenceOfRow(row);
            final boolean isLast = row == batch.rowCount() - 1 || batch.sequenceOfRow(row + 1) != sequence;
            if (isLast) {
                slots.update(slotOf[sequence], batch.blockTable(sequence), batch.position(row) / blockTokens + 1, patches);
            }
        }
        patches.send();
    }

    private void bringRows(final StepBatch batch, final StepShape shape, final Choice choice) {
        turn = (turn + 1) % STEPS_UNDER_WAY_MAX;
        if (sent[turn] != null) {
            sent[turn].await();
        }
        final StepInputs at = StepInputs.of(0, shape);
        feed.write(batch, slotOf, at, staging[turn]);
        if (shape.output().isChosen()) {
            choice.write(staging[turn].asSlice(at.sampling(), at.items() - at.sampling()), slotOf);
        }
        program.attention().writeItems(staging[turn].asSlice(at.items(), at.bytes() - at.items()));
        device.toDevice(staging[turn].asSlice(0, at.bytes()), inputsAt);
        sent[turn] = device.mark();
    }

    @Override
    public void close() {
        recorded.values().forEach(Device.Replay::close);
        program.close();
        buffers.close();
    }
}
