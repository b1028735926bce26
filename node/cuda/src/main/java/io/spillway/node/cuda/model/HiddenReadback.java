package io.spillway.node.cuda.model;

import io.spillway.node.cuda.Device;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Hidden states of sequences that are embedded: a step of their own. Single writer: the engine thread. */
final class HiddenReadback {
    private static final DeviceDecoder.Choice HIDDEN = new DeviceDecoder.Choice() {
        @Override
        public StepShape.Output output() {
            return StepShape.Output.HIDDEN;
        }

        @Override
        public boolean hasAhead() {
            return false;
        }

        @Override
        public void write(final MemorySegment rows, final int[] slots) {
            throw new IllegalStateException("nothing is chosen from hidden states");
        }
    };

    private final Device device;
    private final DeviceDecoder decoder;
    private final int hidden;
    private final MemorySegment[] pinned = {MemorySegment.NULL, MemorySegment.NULL};
    private final Flight[] owners = new Flight[2];
    private float[] states = new float[0];

    HiddenReadback(final Device device, final DeviceDecoder decoder) {
        this.device = device;
        this.decoder = decoder;
        hidden = decoder.hidden();
    }

    private int place(final Flight f) {
        if (owners[0] == null || owners[0] == f) {
            owners[0] = f;
            return 0;
        }
        owners[1] = f;
        return 1;
    }

    void submit(final Flight f) {
        final int place = place(f);
        final long needed = (long) f.pooled.logitsRowCount() * hidden * Float.BYTES;
        if (pinned[place].byteSize() < needed) {
            pinned[place] = device.pinned(Math.max(needed, 2 * pinned[place].byteSize()));
        }
        decoder.submit(f.pooled, f.pooledOwners, HIDDEN);
        if (needed > 0) {
            device.toHost(decoder.buffers().states, pinned[place].asSlice(0, needed));
        }
    }

    /** Gives the states to those who asked, when the step has ended. */
    void give(final Flight f) {
        if (f.pooled.rowCount() == 0) {
            return;
        }
        final int count = f.pooled.logitsRowCount() * hidden;
        if (states.length < count) {
            states = new float[count];
        }
        MemorySegment.copy(pinned[place(f)], ValueLayout.JAVA_FLOAT, 0, states, 0, count);
        int from = 0;
        for (int i = 0; i < f.count; i++) {
            for (int row = 0; row < f.pooledRows[i]; row++) {
                if (!f.isDropped[i]) {
                    f.sequences[i].pool().add(states, from);
                }
                from += hidden;
            }
        }
    }
}
