package io.spillway.node.cuda.model;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.cuda.Device;
import io.spillway.node.weights.WeightMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Device memory that weights are brought into, through two pinned pieces that take turns: one is filled while the other is copied. One thread.
 */
final class DeviceArrays {
    private static final long PIECE_BYTES = 32L << 20;
    private static final int FLOAT_BYTES = Float.BYTES;

    private final Device device;
    private final DType half;
    private final MemorySegment[] pieces = new MemorySegment[2];
    private final Device.Mark[] marks = new Device.Mark[2];
    private final List<Long> addresses = new ArrayList<>();
    private int turn;
    private long bytes;

    /** @param half what plain matrices are converted to */
    DeviceArrays(final Device device, final DType half) {
        this.device = device;
        this.half = half;
        pieces[0] = device.pinned(PIECE_BYTES);
        pieces[1] = device.pinned(PIECE_BYTES);
    }

    List<Long> addresses() {
        return List.copyOf(addresses);
    }

    long bytes() {
        return bytes;
    }

    void freeAll() {
        addresses.forEach(device::free);
    }

    /** Waits until everything has arrived. */
    void finish() {
        device.mark().await();
    }

    /** @return zeroed memory */
    long allocate(final long size) {
        final long address = device.allocate(size);
        addresses.add(address);
        bytes += size;
        return address;
    }

    /** @return address of a copy; 0 of null */
    long floats(final float[] values) {
        if (values == null) {
            return 0;
        }
        final long address = allocate((long) values.length * FLOAT_BYTES);
        copy(MemorySegment.ofArray(values), address);
        return address;
    }

    /** @return whether {@link #matrix} takes these as one */
    static boolean canBeOne(final List<WeightMatrix> matrices) {
        final WeightMatrix first = matrices.getFirst();
        boolean fits = true;
        for (final WeightMatrix matrix : matrices) {
            final boolean alike = matrix.columns() == first.columns()
                && (matrix.dtype() == first.dtype() || DeviceMatrix.isPlain(first.dtype()) && DeviceMatrix.isPlain(matrix.dtype()));
            final boolean whole = DeviceMatrix.isPlain(matrix.dtype()) || matrix == matrices.getLast() || matrix.rows() % PackedMatrix.STRIP_ROWS == 0;
            fits &= alike && whole;
        }
        return fits;
    }

    /** @return the matrices behind each other, for which {@link #canBeOne} holds */
    DeviceMatrix matrix(final List<WeightMatrix> matrices) {
        if (!canBeOne(matrices)) {
            throw new IllegalArgumentException(matrices.getFirst().label() + " and what stands beside it cannot be one matrix on a GPU");
        }
        final WeightMatrix first = matrices.getFirst();
        final int columns = first.columns();
        final int rows = matrices.stream().mapToInt(WeightMatrix::rows).sum();
        final boolean plain = DeviceMatrix.isPlain(first.dtype());
        requireWidth(first);
        final long address = allocate(DeviceMatrix.sizeBytes(first.dtype(), rows, columns));
        long at = address;
        for (final WeightMatrix matrix : matrices) {
            at += plain ? bringPlain(matrix, at) : bringPacked(matrix, at);
        }
        return new DeviceMatrix(plain ? half : first.dtype(), address, rows, columns);
    }

    /**
     * @param matrices of all experts, one expert's behind the other's
     * @param each     matrices of an expert
     */
    DeviceLayer.ExpertMatrix experts(final List<WeightMatrix> matrices, final int each) {
        final WeightMatrix first = matrices.getFirst();
        requireWidth(first);
        final boolean plain = DeviceMatrix.isPlain(first.dtype());
        long size = 0;
        for (final WeightMatrix matrix : matrices) {
            if (matrix.dtype() != first.dtype() || matrix.rows() != first.rows() || matrix.columns() != first.columns()) {
                throw unusable(matrix, "experts of different formats or shapes");
            }
            size += DeviceMatrix.sizeBytes(first.dtype(), matrix.rows(), matrix.columns());
        }
        final long address = allocate(size);
        long at = address;
        for (final WeightMatrix matrix : matrices) {
            at += plain ? bringPlain(matrix, at) : bringPacked(matrix, at);
        }
        return new DeviceLayer.ExpertMatrix(plain ? half : first.dtype(), address, each * first.rows(), first.columns(), each * (size / matrices.size()));
    }

    private static void requireWidth(final WeightMatrix matrix) {
        if (matrix.columns() % DeviceMatrix.WIDE != 0) {
            throw unusable(matrix, "a width of " + matrix.columns() + "; GPU kernels take multiples of " + DeviceMatrix.WIDE);
        }
    }

    private static SpillwayException unusable(final WeightMatrix matrix, final String why) {
        return new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "tensor " + matrix.label() + " cannot be used on a GPU: " + why);
    }

    private long bringPacked(final WeightMatrix matrix, final long to) {
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment packed = matrix.packInto(arena.allocate(matrix.packedBytes(), PackedMatrix.STRIP_ROWS)).bytes();
            copy(packed, to);
            return packed.byteSize();
        }
    }

    private long bringPlain(final WeightMatrix matrix, final long to) {
        final int columns = matrix.columns();
        final long stored = (long) columns * matrix.elementBytes();
        final int rowsAtOnce = (int) Math.max(1, Math.min(matrix.rows(), PIECE_BYTES / stored));
        for (int row = 0; row < matrix.rows(); row += rowsAtOnce) {
            final int count = Math.min(rowsAtOnce, matrix.rows() - row);
            final MemorySegment piece = nextPiece();
            matrix.copyRows(row, count, piece, stored);
            toHalves(piece, (long) count * columns, matrix.dtype());
            device.toDevice(piece.asSlice(0, 2L * count * columns), to + 2L * row * columns);
            sent();
        }
        return 2L * matrix.rows() * columns;
    }

    /** Converts in place: a half never stands behind what it is made of. */
    private void toHalves(final MemorySegment piece, final long count, final DType from) {
        if (from == half) {
            return;
        }
        for (long i = 0; i < count; i++) {
            final float value = from == DType.F32 ? piece.getAtIndex(ValueLayout.JAVA_FLOAT, i)
                : from == DType.F16 ? Half.toFloat(piece.getAtIndex(ValueLayout.JAVA_SHORT, i))
                : Half.bf16ToFloat(piece.getAtIndex(ValueLayout.JAVA_SHORT, i));
            piece.setAtIndex(ValueLayout.JAVA_SHORT, i, half == DType.F16 ? Half.fromFloat(value) : Half.bf16FromFloat(value));
        }
    }

    private void copy(final MemorySegment from, final long to) {
        for (long at = 0; at < from.byteSize(); at += PIECE_BYTES) {
            final long count = Math.min(PIECE_BYTES, from.byteSize() - at);
            final MemorySegment piece = nextPiece();
            MemorySegment.copy(from, at, piece, 0, count);
            device.toDevice(piece.asSlice(0, count), to + at);
            sent();
        }
    }

    private MemorySegment nextPiece() {
        turn = 1 - turn;
        if (marks[turn] != null) {
            marks[turn].await();
        }
        return pieces[turn];
    }

    private void sent() {
        marks[turn] = device.mark();
    }
}
