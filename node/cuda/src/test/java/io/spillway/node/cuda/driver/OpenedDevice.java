package io.spillway.node.cuda.driver;

import io.spillway.node.cuda.CudaProbe;
import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.KernelLaunch;
import java.lang.foreign.MemorySegment;

/** A GPU with its context, for tests that know nothing of drivers: over the library that {@code -Dspillway.driver} names. */
public final class OpenedDevice implements Device {
    private final CudaContext context;
    private final StreamDevice device;

    /** Opens the first GPU. */
    public OpenedDevice() {
        try {
            final CudaDriver driver = CudaDriver.load(System.getProperty("spillway.driver", CudaProbe.LIBRARY));
            context = driver.open(driver.report().devices().getFirst().ordinal());
            device = new StreamDevice(context);
        } catch (final CudaUnavailableException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    @Override
    public long allocate(final long bytes) {
        return device.allocate(bytes);
    }

    @Override
    public void free(final long address) {
        device.free(address);
    }

    @Override
    public MemorySegment pinned(final long bytes) {
        return device.pinned(bytes);
    }

    @Override
    public void bind() {
        device.bind();
    }

    @Override
    public Device sibling() {
        return device.sibling();
    }

    @Override
    public void waitFor(final Mark mark) {
        device.waitFor(mark);
    }

    @Override
    public void copy(final long from, final long to, final long bytes) {
        device.copy(from, to, bytes);
    }

    @Override
    public void toDevice(final MemorySegment from, final long to) {
        device.toDevice(from, to);
    }

    @Override
    public void toHost(final long from, final MemorySegment to) {
        device.toHost(from, to);
    }

    @Override
    public void clear(final long at, final long bytes) {
        device.clear(at, bytes);
    }

    @Override
    public void launch(final KernelLaunch launch) {
        device.launch(launch);
    }

    @Override
    public Mark mark() {
        return device.mark();
    }

    @Override
    public Replay record(final Runnable launches) {
        return device.record(launches);
    }

    @Override
    public int multiprocessors() {
        return device.multiprocessors();
    }

    @Override
    public boolean hasWarpgroups() {
        return device.hasWarpgroups();
    }

    @Override
    public void close() {
        device.close();
        context.close();
    }
}
