package io.spillway.node.cuda.driver;

import java.lang.foreign.MemorySegment;
import jcuda.driver.JCudaDriver;

/**
 * Work of a GPU in order. Calls put work on it and return; it is done when {@link #synchronize()} returns, or an event recorded behind it
 * is done. What host memory a copy reads or writes stays valid until then. Copies run beside other work only from and to pinned memory;
 * with other memory the call itself may wait.
 *
 * <p>One thread at a time.
 */
public final class CudaStream implements AutoCloseable {
    private static final int NOT_BEHIND_THE_LEGACY_STREAM = 1;

    private final CudaContext context;
    private final Handles.Stream handle = new Handles.Stream();

    private CudaStream(final CudaContext context, final int priority) {
        this.context = context;
        context.check("cuStreamCreateWithPriority", JCudaDriver.cuStreamCreateWithPriority(handle, NOT_BEHIND_THE_LEGACY_STREAM, priority));
        context.opened();
    }

    /** @return a stream whose blocks go after those of urgent ones */
    public static CudaStream of(final CudaContext context) {
        return new CudaStream(context, 0);
    }

    /** @return a stream whose blocks go first where multiprocessors become free */
    public static CudaStream urgent(final CudaContext context) {
        final int[] least = new int[1];
        final int[] greatest = new int[1];
        context.check("cuCtxGetStreamPriorityRange", JCudaDriver.cuCtxGetStreamPriorityRange(least, greatest));
        return new CudaStream(context, greatest[0]);
    }

    CudaContext context() {
        return context;
    }

    Handles.Stream jcuda() {
        return handle;
    }

    /** @return the number that C libraries know it by (cuBLASLt, NCCL) */
    public long handle() {
        return handle.handle();
    }

    /** Host to device. @param target device address */
    public void copyToDevice(final long target, final MemorySegment source) {
        requireNative(source);
        context.check("cuMemcpyHtoDAsync", context.calls().copyToDevice.call(target, source.address(), source.byteSize(), handle.handle()));
    }

    /** Device to host. @param source device address */
    public void copyToHost(final MemorySegment target, final long source) {
        requireNative(target);
        context.check("cuMemcpyDtoHAsync", context.calls().copyToHost.call(target.address(), source, target.byteSize(), handle.handle()));
    }

    /** Device to device. @param target device address, like source; the two do not overlap */
    public void copyOnDevice(final long target, final long source, final long bytes) {
        context.check("cuMemcpyDtoDAsync", context.calls().copyOnDevice.call(target, source, bytes, handle.handle()));
    }

    /** To another GPU, over NVLink or the bus; through the host where the two cannot reach each other. @param to owner of {@code target} */
    public void copyToPeer(final CudaContext to, final long target, final long source, final long bytes) {
        context.check("cuMemcpyPeerAsync", context.calls().copyToPeer.call(target, to.handle(), source, context.handle(), bytes, handle.handle()));
    }

    /** Several pieces, host to device. @param targets device addresses, one per piece */
    public void copyAllToDevice(final long[] targets, final MemorySegment[] sources) {
        requireSame(targets.length, sources.length);
        for (int i = 0; i < targets.length; i++) {
            copyToDevice(targets[i], sources[i]);
        }
    }

    /** Several pieces, device to host. @param sources device addresses, one per piece */
    public void copyAllToHost(final MemorySegment[] targets, final long[] sources) {
        requireSame(targets.length, sources.length);
        for (int i = 0; i < targets.length; i++) {
            copyToHost(targets[i], sources[i]);
        }
    }

    /** Sets every byte. @param target device address */
    public void fill(final long target, final byte value, final long bytes) {
        context.check("cuMemsetD8Async", context.calls().fill.call(target, value, bytes, handle.handle()));
    }

    /** Marks the point that is reached by now. */
    public void record(final CudaEvent event) {
        context.check("cuEventRecord", context.calls().recordEvent.call(event.handle(), handle.handle()));
    }

    /** What comes behind this waits, on the GPU, until the event's point of now is reached. The event may be of another GPU. */
    public void await(final CudaEvent event) {
        context.check("cuStreamWaitEvent", context.calls().awaitEvent.call(handle.handle(), event.handle(), 0));
    }

    /** Waits until all is done. @throws CudaException when some of it failed: then {@link CudaContext#isLost()} mostly */
    public void synchronize() {
        context.check("cuStreamSynchronize", context.calls().synchronizeStream.call(handle.handle()));
    }

    /** @return whether all is done. @throws CudaException when some of it failed */
    public boolean isIdle() {
        final int code = context.calls().queryStream.call(handle.handle());
        if (code == CudaResult.NOT_READY.code()) {
            return false;
        }
        context.check("cuStreamQuery", code);
        return true;
    }

    /** What is on it is still done. */
    @Override
    public void close() {
        context.closed();
        context.checkUnlessLost("cuStreamDestroy", JCudaDriver.cuStreamDestroy(handle));
    }

    private static void requireNative(final MemorySegment memory) {
        if (!memory.isNative()) {
            throw new IllegalArgumentException("copies take off-heap memory only: the collector moves what is on the heap");
        }
    }

    private static void requireSame(final int targets, final int sources) {
        if (targets != sources) {
            throw new IllegalArgumentException(targets + " targets, but " + sources + " sources");
        }
    }
}
