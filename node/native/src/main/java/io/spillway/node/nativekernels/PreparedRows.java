package io.spillway.node.nativekernels;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The input of a product as its kernels read it: rounded, or interleaved, once for every kind of weights it meets. Tiles of
 * rows are prepared by any worker; filled by the engine thread.
 */
final class PreparedRows implements WorkerPool.Task, AutoCloseable {
    /** Elements below which waking another core costs more than it saves. */
    private static final long INLINE_ELEMENTS_MAX = 24_576;
    private static final int FORMATS = DType.values().length;

    private final int set;
    private final WorkerPool workers;
    private final Scratch[] prepared = new Scratch[FORMATS];   // null until a format is met
    private final int[] wanted = new int[FORMATS];             // formats of this input
    private final Scratch inputs = new Scratch();              // [workers][tile rows][columns] floats
    private final int tileRowsMax;
    private int wantedCount;
    private Tensor in;
    private int rows;
    private int columns;

    PreparedRows(final InstructionSet set, final WorkerPool workers) {
        this.set = set.number();
        this.workers = workers;
        tileRowsMax = Arrays.stream(DType.values()).mapToInt(dtype -> Kernels.tileRows(this.set, Kernels.format(dtype))).max().orElseThrow();
    }

    /** Prepares the first {@code rows} for all of {@code weights}, which have as many columns as each other. */
    void run(final Tensor in, final int rows, final PackedMatrix[] weights) {
        this.in = in;
        this.rows = rows;
        columns = weights[0].columns();
        wantedCount = 0;
        int tiles = 0;
        for (final PackedMatrix matrix : weights) {
            tiles += want(Kernels.format(matrix.dtype()));
        }
        inputs.reserve((long) workers.workerCount() * inputBytes());
        final long elements = (long) rows * columns * wantedCount;
        (elements <= INLINE_ELEMENTS_MAX ? WorkerPool.INLINE : workers).run(tiles, this);
    }

    /** @return tiles that this adds */
    private int want(final int format) {
        for (int i = 0; i < wantedCount; i++) {
            if (wanted[i] == format) {
                return 0;
            }
        }
        wanted[wantedCount++] = format;
        if (prepared[format] == null) {
            prepared[format] = new Scratch();
        }
        prepared[format].reserve(tiles(format) * tileBytes(format));
        return tiles(format);
    }

    private int tiles(final int format) {
        return Math.ceilDiv(rows, tileRows(format));
    }

    private long inputBytes() {
        return (long) tileRowsMax * columns * Float.BYTES;
    }

    /** @return rows of a full tile of that format */
    int tileRows(final int format) {
        return Kernels.tileRows(set, format);
    }

    private long tileBytes(final int format) {
        return Kernels.tileBytes(set, format, tileRows(format), columns);
    }

    /** @return where the rows from {@code firstRow} on stand; it is the first of a tile */
    long address(final int format, final int firstRow) {
        return prepared[format].address() + firstRow / tileRows(format) * tileBytes(format);
    }

    @Override
    public void run(final int piece, final int worker) {
        int tile = piece;
        int which = 0;
        while (tile >= tiles(wanted[which])) {
            tile -= tiles(wanted[which++]);
        }
        final int format = wanted[which];
        final int first = tile * tileRows(format);
        final int count = Math.min(tileRows(format), rows - first);
        final long offset = worker * inputBytes();
        final MemorySegment target = inputs.segment();
        for (int row = 0; row < count; row++) {
            MemorySegment.copy(in.values(), (first + row) * in.width(), target, ValueLayout.JAVA_FLOAT,
                    offset + (long) row * columns * Float.BYTES, columns);
        }
        Kernels.prepare(set, format, target.address() + offset, count, columns, address(format, first));
    }

    @Override
    public void close() {
        inputs.close();
        for (final Scratch scratch : prepared) {
            if (scratch != null) {
                scratch.close();
            }
        }
    }
}
