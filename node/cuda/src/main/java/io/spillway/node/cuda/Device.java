package io.spillway.node.cuda;

import java.lang.foreign.MemorySegment;

/**
 * Port: a GPU as a model sees it: memory, and one stream of work on which everything here runs in the order it was asked for, after the
 * call has returned. One caller at a time.
 */
public interface Device extends KernelLauncher, AutoCloseable {
    /** Every piece of device memory begins at a multiple of this. */
    int ALIGNMENT_BYTES = 256;

    /** @return address of zeroed device memory, the caller's until {@link #free} @throws KernelFailedException when there is not so much */
    long allocate(long bytes);

    /** Gives memory back, when all work on it has ended. @param address of {@link #allocate}; 0: nothing */
    void free(long address);

    /** @return zeroed host memory that the device reads and writes by itself; it lives as long as the device */
    MemorySegment pinned(long bytes);

    /** Lets the calling thread use the device from now on. Cheap. */
    void bind();

    /** @return another stream over the same memory, the caller's to close before this device */
    Device sibling();

    /** What is asked for from now on comes after all that a sibling has been asked for. @param sibling made by {@link #sibling}, or what it was made by */
    void follow(Device sibling);

    /** Copies on the device; the pieces do not overlap. */
    void copy(long from, long to, long bytes);

    /** Copies to the device. @param from pinned; stays as it is until a later {@link #mark} has been passed */
    void toDevice(MemorySegment from, long to);

    /** Copies from the device. @param to pinned; valid when a later {@link #mark} has been passed */
    void toHost(long from, MemorySegment to);

    /** Writes zeros. */
    void clear(long at, long bytes);

    /** @return a point in the stream, behind all that has been asked for */
    Mark mark();

    /** Records launches, copies and clears instead of running them. @return what replays them @throws KernelFailedException when they cannot be recorded */
    Replay record(Runnable launches);

    /** @return processors that run blocks side by side */
    int multiprocessors();

    /** @return whether kernels of warpgroups run on it: an sm_90 */
    boolean hasWarpgroups();

    /** Frees everything. Not idempotent. */
    @Override
    void close();

    /** A point in the stream. */
    interface Mark {
        /** @return whether everything before it has ended */
        boolean isPassed();

        /** Waits until it is passed. @throws KernelFailedException when something before it has failed */
        void await();
    }

    /** Recorded work. */
    interface Replay extends AutoCloseable {
        /** Puts it into the stream. */
        void launch();

        @Override
        void close();
    }
}
