package io.spillway.node.nativekernels;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.spillway.node.compute.DType;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;

/**
 * The library's functions as Java methods. Addresses are plain numbers, so that a call allocates nothing: whoever calls keeps
 * the memory alive. Calls leave Java: the garbage collector does not wait for them. Stateless; any thread may call.
 */
final class Kernels {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle SETS = handle("spillway_instruction_sets", JAVA_INT);
    private static final MethodHandle PROJECT_SCRATCH = handle("spillway_project_scratch_bytes", JAVA_LONG);
    private static final MethodHandle TILE_ROWS = handle("spillway_tile_rows", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle TILE_BYTES = handle("spillway_tile_bytes", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle PREPARE =
            handle("spillway_prepare", null, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle PROJECT = handle("spillway_project", null, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT,
            JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ATTEND_SCRATCH = handle("spillway_attend_scratch_bytes", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle ATTEND_PART_BYTES = handle("spillway_attend_part_bytes", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle ATTEND = handle("spillway_attend", null, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT,
            JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ATTEND_PART = handle("spillway_attend_part", null, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle ATTEND_MERGE = handle("spillway_attend_merge", null, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT,
            JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);

    private Kernels() {
    }

    private static MethodHandle handle(final String name, final MemoryLayout result, final MemoryLayout... arguments) {
        return LINKER.downcallHandle(KernelLibrary.symbols().findOrThrow(name),
                result == null ? FunctionDescriptor.ofVoid(arguments) : FunctionDescriptor.of(result, arguments));
    }

    /** @return the number of a weight format in the library */
    static int format(final DType dtype) {
        return switch (dtype) {
            case F32 -> 0;
            case F16 -> 1;
            case BF16 -> 2;
            case F8 -> 3;
            case Q8_0 -> 4;
            case Q4_0 -> 5;
            case Q4_K -> 6;
            case Q4_M -> 7;
            case Q8_G -> 8;
            case Q8_M -> 9;
            case Q6_K -> 10;
        };
    }

    /** @return bit n: this machine can run variant n */
    static int instructionSets() {
        try {
            return (int) SETS.invokeExact();
        } catch (final Throwable e) {
            throw failed(e);
        }
    }

    /** @return scratch memory of a call of {@link #project} */
    static long projectScratchBytes() {
        try {
            return (long) PROJECT_SCRATCH.invokeExact();
        } catch (final Throwable e) {
            throw failed(e);
        }
    }

    /** @return rows that are prepared together */
    static int tileRows(final int set, final int format) {
        try {
            return (int) TILE_ROWS.invokeExact(set, format);
        } catch (final Throwable e) {
            throw failed(e);
        }
    }

    /** @return bytes of a prepared tile of that many rows */
    static long tileBytes(final int set, final int format, final int rows, final int columns) {
        try {
            return (long) TILE_BYTES.invokeExact(set, format, rows, columns);
        } catch (final Throwable e) {
            throw failed(e);
        }
    }

    /** Rounds or interleaves the rows of a tile. @param in [rows][columns] floats */
    static void prepare(final int set, final int format, final long in, final int rows, final int columns, final long tile) {
        try {
            PREPARE.invokeExact(set, format, in, rows, columns, tile);
        } catch (final Throwable e) {
            throw failed(e);
        }
    }

    /** Prepared rows by some panels. @param out [rows][outStride] floats, of which 16 per panel are written */
    static void project(final int set, final int format, final long panels, final int panelCount, final int columns,
            final long prepared, final int rows, final long out, final long outStride, final long scratch) {
        try {
            PROJECT.invokeExact(set, format, panels, panelCount, columns, prepared, rows, out, outStride, scratch);
        } catch (final Throwable e) {
            throw failed(e);
        }
    }

    /** @return scratch memory of a piece of that many rows @param attention the layer, as {@link AttentionLayer} writes it */
    static long attendScratchBytes(final int set, final long attention, final int rows) {
        try {
            return (long) ATTEND_SCRATCH.invokeExact(set, attention, rows);
        } catch (final Throwable e) {
            throw failed(e);
        }
    }

    /** @return bytes of what {@link #attendPart} writes for that many rows */
    static long attendPartBytes(final int set, final long attention, final int rows) {
        try {
            return (long) ATTEND_PART_BYTES.invokeExact(set, attention, rows);
        } catch (final Throwable e) {
            throw failed(e);
        }
    }

    /**
     * Rows of one sequence by one key-value head, over all they see.
     *
     * @param blocks    addresses of the blocks of the sequence
     * @param positions [rows] ints
     * @param queries   [rows][group][headDim] floats, like {@code out}
     */
    static void attend(final int set, final long attention, final long blocks, final long positions, final int rows, final int kvHead,
            final long queries, final long scratch, final long out) {
        try {
            ATTEND.invokeExact(set, attention, blocks, positions, rows, kvHead, queries, scratch, out);
        } catch (final Throwable e) {
            throw failed(e);
        }
    }

    /** The same over one range, whose partial results go to {@code part}. */
    static void attendPart(final int set, final long attention, final long blocks, final long positions, final int rows,
            final int kvHead, final long queries, final long scratch, final int range, final long part) {
        try {
            ATTEND_PART.invokeExact(set, attention, blocks, positions, rows, kvHead, queries, scratch, range, part);
        } catch (final Throwable e) {
            throw failed(e);
        }
    }

    /** Results from the partial ones of consecutive ranges, which stand one behind the other. */
    static void attendMerge(final int set, final long attention, final long positions, final int rows, final int kvHead,
            final long scratch, final int firstRange, final int ranges, final long parts, final long out) {
        try {
            ATTEND_MERGE.invokeExact(set, attention, positions, rows, kvHead, scratch, firstRange, ranges, parts, out);
        } catch (final Throwable e) {
            throw failed(e);
        }
    }

    private static RuntimeException failed(final Throwable e) {
        if (e instanceof final Error error) {
            throw error;
        }
        return new IllegalStateException("a native kernel could not be called", e);
    }
}
