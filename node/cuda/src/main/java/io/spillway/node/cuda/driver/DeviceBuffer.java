package io.spillway.node.cuda.driver;

import java.util.concurrent.atomic.AtomicBoolean;

/** A lease on memory of a GPU: released once, by whoever took it. Any thread. */
public final class DeviceBuffer implements AutoCloseable {
    private final DevicePool pool;
    private final String owner;
    private final long address;
    private final long bytes;
    private final CudaStream stream;
    private final AtomicBoolean released = new AtomicBoolean();

    DeviceBuffer(final DevicePool pool, final String owner, final long address, final long bytes, final CudaStream stream) {
        this.pool = pool;
        this.owner = owner;
        this.address = address;
        this.bytes = bytes;
        this.stream = stream;
    }

    /** @return where it begins, on the device; a multiple of 256 */
    public long address() {
        return address;
    }

    /** @return its size */
    public long bytes() {
        return bytes;
    }

    /** @return address of that part, which lies within the buffer. @param offset bytes from the beginning; length in bytes */
    public long address(final long offset, final long length) {
        if (offset < 0 || length < 0 || offset > bytes - length) {
            throw new IndexOutOfBoundsException(length + " bytes at " + offset + " of " + bytes + " of " + owner);
        }
        return address + offset;
    }

    /** @return who took it */
    public String owner() {
        return owner;
    }

    /** @return on whose work it is used; null: any */
    CudaStream stream() {
        return stream;
    }

    /** Gives the memory back: of a stream's buffer, behind what is on the stream by now. @throws IllegalStateException the second time */
    @Override
    public void close() {
        if (!released.compareAndSet(false, true)) {
            throw new IllegalStateException("device buffer of " + owner + " released twice");
        }
        pool.release(this);
    }
}
