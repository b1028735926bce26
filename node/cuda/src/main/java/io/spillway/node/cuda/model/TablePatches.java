package io.spillway.node.cuda.model;

import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.RowCall;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Brings changed entries of block tables to the device, in front of the step that reads them. Two pinned pieces take turns: one is written while
 * the other is copied. Single writer: the engine thread.
 */
final class TablePatches implements SequenceSlots.Changes {
    private static final int PATCHES = 16 << 10; // of a piece
    private static final int PATCH_INTS = 2;

    private final Device device;
    private final long tables;
    private final long target;
    private final MemorySegment[] pieces = new MemorySegment[2];
    private final Device.Mark[] marks = new Device.Mark[2];
    private int turn;
    private int count;

    /** @param tables address of the first entry @param target [{@value #PATCHES}][2] ints for the patches themselves */
    TablePatches(final Device device, final long tables, final long target) {
        this.device = device;
        this.tables = tables;
        this.target = target;
        pieces[0] = device.pinned(bytes());
        pieces[1] = device.pinned(bytes());
    }

    /** @return bytes that patches need on the device */
    static long bytes() {
        return (long) PATCHES * PATCH_INTS * Integer.BYTES;
    }

    @Override
    public void patch(final int index, final int block) {
        if (count == PATCHES) {
            send();
        }
        if (count == 0 && marks[turn] != null) {
            marks[turn].await();
        }
        final long at = (long) count * PATCH_INTS;
        pieces[turn].setAtIndex(ValueLayout.JAVA_INT, at, index);
        pieces[turn].setAtIndex(ValueLayout.JAVA_INT, at + 1, block);
        count++;
    }

    /** Sends what has been noted. */
    void send() {
        if (count == 0) {
            return;
        }
        device.toDevice(pieces[turn].asSlice(0, (long) count * PATCH_INTS * Integer.BYTES), target);
        device.launch(new RowCall.PatchInts(tables, target, count).launch());
        marks[turn] = device.mark();
        turn = 1 - turn;
        count = 0;
    }
}
