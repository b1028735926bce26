package io.spillway.node.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.driver.JCudaDriver;

/** A point in a stream's work: others wait for it, or ask what time it was there. One thread at a time. */
public final class CudaEvent implements AutoCloseable {
    private static final int WITHOUT_TIME = 2;
    private static final double NANOS_PER_MILLI = 1e6;

    private final CudaContext context;
    private final Handles.Event handle = new Handles.Event();

    private CudaEvent(final CudaContext context, final int flags) {
        this.context = context;
        context.check("cuEventCreate", JCudaDriver.cuEventCreate(handle, flags));
        context.opened();
    }

    /** @return one to wait for: cheaper than a timed one */
    public static CudaEvent of(final CudaContext context) {
        return new CudaEvent(context, WITHOUT_TIME);
    }

    /** @return one that knows when it came to pass */
    public static CudaEvent timed(final CudaContext context) {
        return new CudaEvent(context, 0);
    }

    long handle() {
        return handle.handle();
    }

    /** @return whether all before it is done; true too when it was never recorded. @throws CudaException when work has failed */
    public boolean isDone() {
        final int code = context.calls().queryEvent.call(handle.handle());
        if (code == CudaResult.NOT_READY.code()) {
            return false;
        }
        context.check("cuEventQuery", code);
        return true;
    }

    /** Waits until all before it is done. */
    public void synchronize() {
        context.check("cuEventSynchronize", context.calls().synchronizeEvent.call(handle.handle()));
    }

    /** @return nanoseconds on the GPU from {@code start} to this, about half a microsecond exact. Both timed, recorded and done */
    public long nanosSince(final CudaEvent start) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment millis = arena.allocate(ValueLayout.JAVA_FLOAT);
            context.check("cuEventElapsedTime", context.calls().elapsed.call(millis.address(), start.handle(), handle.handle()));
            return Math.round(millis.get(ValueLayout.JAVA_FLOAT, 0) * NANOS_PER_MILLI);
        }
    }

    @Override
    public void close() {
        context.closed();
        context.checkUnlessLost("cuEventDestroy", JCudaDriver.cuEventDestroy(handle));
    }
}
