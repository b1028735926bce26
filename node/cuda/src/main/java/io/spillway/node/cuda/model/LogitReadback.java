package io.spillway.node.cuda.model;

import io.spillway.node.cuda.Device;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;

/** Rows of logits that the host asks for, through pinned memory that grows to what the largest step asked. Single writer: the engine thread. */
final class LogitReadback {
    private final Device device;
    private final long logits;
    private final int vocabulary;
    private final float[] row;
    private final Map<Flight, Piece> pieces = new HashMap<>();

    /** Rows that a step in flight reads back. */
    private static final class Piece {
        private MemorySegment memory = MemorySegment.NULL;
        private final Map<Integer, Integer> placeOf = new HashMap<>(); // wanted row: where it stands
    }

    /** @param logits address of [wanted][vocabulary] f32 */
    LogitReadback(final Device device, final long logits, final int vocabulary) {
        this.device = device;
        this.logits = logits;
        this.vocabulary = vocabulary;
        row = new float[vocabulary];
    }

    private long rowBytes() {
        return (long) vocabulary * Float.BYTES;
    }

    /** Forgets what the step in flight had asked for. */
    void begin(final Flight f) {
        final Piece piece = pieces.computeIfAbsent(f, any -> new Piece());
        piece.placeOf.clear();
        final long needed = f.wantedCount * rowBytes();
        if (piece.memory.byteSize() < needed) {
            piece.memory = device.pinned(Math.max(needed, 2 * piece.memory.byteSize()));
        }
    }

    /** Asks for a row. */
    void read(final Flight f, final int wanted) {
        final Piece piece = pieces.get(f);
        final int place = piece.placeOf.size();
        piece.placeOf.put(wanted, place);
        device.toHost(logits + wanted * rowBytes(), piece.memory.asSlice(place * rowBytes(), rowBytes()));
    }

    /** @return the row, when the step has ended; valid until the next call */
    float[] row(final Flight f, final int wanted) {
        final Piece piece = pieces.get(f);
        MemorySegment.copy(piece.memory, ValueLayout.JAVA_FLOAT, piece.placeOf.get(wanted) * rowBytes(), row, 0, vocabulary);
        return row;
    }
}
