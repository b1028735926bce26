package io.spillway.node.cuda.driver;

import io.spillway.node.cuda.CudaDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;

/**
 * A GPU opened by this process: its primary context. Every thread that calls the driver for it binds it first. What was made from it is
 * closed before it. After an error that kills the context ({@link #isLost()}) everything fails, and closing frees what can be freed.
 *
 * <p>Any thread.
 */
public final class CudaContext implements AutoCloseable {
    private static final long POOL_KEEPS_ALL = -1;
    private static final int POOL_RELEASE_THRESHOLD = 4;

    private final DriverCalls calls;
    private final CudaDevice device;
    private final CUdevice ordinal;
    private final Handles.Context handle = new Handles.Context();
    private final AtomicInteger open = new AtomicInteger();
    private volatile boolean isLost;
    private volatile boolean isClosed;
    private DeviceLimits limits;

    private CudaContext(final DriverCalls calls, final CudaDevice device, final CUdevice ordinal) {
        this.calls = calls;
        this.device = device;
        this.ordinal = ordinal;
    }

    static CudaContext open(final DriverCalls calls, final CudaDevice device) {
        final CUdevice ordinal = new CUdevice();
        check("cuDeviceGet", JCudaDriver.cuDeviceGet(ordinal, device.ordinal()), null);
        final CudaContext context = new CudaContext(calls, device, ordinal);
        check("cuDevicePrimaryCtxRetain", JCudaDriver.cuDevicePrimaryCtxRetain(context.handle, ordinal), null);
        try {
            context.bind();
            context.limits = context.readLimits();
            context.keepFreedMemory();
            return context;
        } catch (final RuntimeException e) {
            JCudaDriver.cuDevicePrimaryCtxRelease(ordinal);
            throw e;
        }
    }

    /** Makes this context the calling thread's. Cheap; before anything else of this package on a thread. */
    public void bind() {
        check("cuCtxSetCurrent", calls.setCurrent.call(handle.handle()));
    }

    /** @return the GPU */
    public CudaDevice device() {
        return device;
    }

    /** @return what it has */
    public DeviceLimits limits() {
        return limits;
    }

    /** @return whether an error has killed it: only a new process gets the GPU back for sure */
    public boolean isLost() {
        return isLost;
    }

    /** @return bytes that are free now, for all processes together */
    public long freeBytes() {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment sizes = arena.allocate(ValueLayout.JAVA_LONG, 2);
            check("cuMemGetInfo", calls.memoryInfo.call(sizes.address(), sizes.address() + Long.BYTES));
            return sizes.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Waits until all that was put on any of its streams is done. @throws CudaException when some of it failed */
    public void synchronize() {
        check("cuCtxSynchronize", JCudaDriver.cuCtxSynchronize());
    }

    /** @return whether kernels here can read and write the other's memory, once {@link #openPeer} was called */
    public boolean reaches(final CudaContext other) {
        final int[] can = new int[1];
        check("cuDeviceCanAccessPeer", JCudaDriver.cuDeviceCanAccessPeer(can, ordinal, other.ordinal));
        return can[0] != 0;
    }

    /** Lets kernels and copies of this context use the other's memory. Bound to this context; a second time changes nothing. */
    public void openPeer(final CudaContext other) {
        final int code = JCudaDriver.cuCtxEnablePeerAccess(other.handle, 0);
        if (code != CudaResult.PEER_ACCESS_ALREADY_ENABLED.code()) {
            check("cuCtxEnablePeerAccess", code);
        }
    }

    /** @return streams, events, graphs, modules and pieces of memory that were made here and are not closed */
    public int openCount() {
        return open.get();
    }

    /** Gives the GPU back. @throws IllegalStateException when something made here is still open: somebody leaks */
    @Override
    public void close() {
        if (isClosed) {
            throw new IllegalStateException("context closed twice");
        }
        if (open.get() != 0 && !isLost) {
            throw new IllegalStateException(open.get() + " streams, events, graphs, modules or pieces of memory are still open");
        }
        isClosed = true;
        check("cuCtxSetCurrent", calls.setCurrent.call(0));
        check("cuDevicePrimaryCtxRelease", JCudaDriver.cuDevicePrimaryCtxRelease(ordinal));
    }

    DriverCalls calls() {
        return calls;
    }

    long handle() {
        return handle.handle();
    }

    void opened() {
        open.incrementAndGet();
    }

    void closed() {
        open.decrementAndGet();
    }

    /** @throws CudaException when {@code code} is not success; one that kills the context marks it */
    void check(final String function, final int code) {
        check(function, code, this);
    }

    /** For closing: a dead context frees its things itself. */
    void checkUnlessLost(final String function, final int code) {
        if (!isLost) {
            check(function, code);
        }
    }

    private static void check(final String function, final int code, final CudaContext context) {
        if (code != 0) {
            final CudaException failure = new CudaException(function, code);
            if (context != null && failure.isContextLost()) {
                context.isLost = true;
            }
            throw failure;
        }
    }

    private DeviceLimits readLimits() {
        final String[] busId = new String[1];
        final int idChars = 32;
        check("cuDeviceGetPCIBusId", JCudaDriver.cuDeviceGetPCIBusId(busId, idChars, ordinal));
        return new DeviceLimits(attribute(16), attribute(38), attribute(97), attribute(81), attribute(13), attribute(36), attribute(37), attribute(40),
                busId[0].strip().toLowerCase(Locale.ROOT));
    }

    private int attribute(final int number) {
        final int[] value = new int[1];
        check("cuDeviceGetAttribute", JCudaDriver.cuDeviceGetAttribute(value, number, ordinal));
        return value[0];
    }

    /** The stream-ordered pool gives nothing back to the system by itself: what was freed is taken again without a call to it. */
    private void keepFreedMemory() {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment pool = arena.allocate(ValueLayout.JAVA_LONG);
            check("cuDeviceGetDefaultMemPool", calls.defaultPool.call(pool.address(), device.ordinal()));
            final MemorySegment threshold = arena.allocateFrom(ValueLayout.JAVA_LONG, POOL_KEEPS_ALL);
            check("cuMemPoolSetAttribute", calls.setPoolAttribute.call(pool.get(ValueLayout.JAVA_LONG, 0), POOL_RELEASE_THRESHOLD, threshold.address()));
        }
    }
}
