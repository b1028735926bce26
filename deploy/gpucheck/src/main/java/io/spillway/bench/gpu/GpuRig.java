package io.spillway.bench.gpu;

import io.spillway.node.cuda.KernelImage;
import io.spillway.node.cuda.driver.CudaContext;
import io.spillway.node.cuda.driver.CudaDriver;
import io.spillway.node.cuda.driver.CudaEvent;
import io.spillway.node.cuda.driver.CudaModules;
import io.spillway.node.cuda.driver.CudaStream;
import io.spillway.node.cuda.driver.CudaUnavailableException;
import io.spillway.node.cuda.driver.DevicePool;
import io.spillway.node.cuda.driver.StreamLauncher;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** A GPU, opened, with a stream and all kernels. One thread. */
public final class GpuRig implements AutoCloseable {
    private static final int ROUNDS = 7;

    private final boolean isQuick;
    private final List<Path> libraries;
    private final CudaContext context;
    private final DevicePool pool;
    private final CudaModules modules;
    private final CudaStream stream;
    private final StreamLauncher launcher;

    private GpuRig(final CudaContext context, final boolean isQuick, final List<Path> libraries) {
        this.isQuick = isQuick;
        this.libraries = libraries;
        this.context = context;
        pool = new DevicePool(context);
        modules = new CudaModules(context, KernelImage.loadAll());
        stream = CudaStream.of(context);
        launcher = new StreamLauncher(modules, stream);
    }

    /**
     * @param driver    the driver's library
     * @param libraries folders that may hold cuBLASLt and NCCL
     * @throws CudaUnavailableException with one line when there is no GPU
     */
    static GpuRig open(final String driver, final boolean isQuick, final List<Path> libraries) throws CudaUnavailableException {
        final CudaDriver loaded = CudaDriver.load(driver);
        return new GpuRig(loaded.open(loaded.report().devices().getFirst().ordinal()), isQuick, libraries);
    }

    /** @return whether to take the smallest sizes: the figures are not for anybody */
    public boolean isQuick() {
        return isQuick;
    }

    /** @return folders that may hold cuBLASLt and NCCL, beside where the system has them */
    public List<Path> libraries() {
        return libraries;
    }

    /** @return the GPU */
    public CudaContext context() {
        return context;
    }

    /** @return its memory */
    public DevicePool pool() {
        return pool;
    }

    /** @return its kernels */
    public CudaModules modules() {
        return modules;
    }

    /** @return the stream that {@link #launcher()} puts kernels on */
    public CudaStream stream() {
        return stream;
    }

    /** @return puts kernels on {@link #stream()} */
    public StreamLauncher launcher() {
        return launcher;
    }

    /** @return median seconds of {@code work} on {@link #stream()}, by the GPU's own clock, after one round that does not count */
    public double seconds(final Runnable work) {
        final double[] rounds = new double[isQuick ? 1 : ROUNDS];
        try (CudaEvent start = CudaEvent.timed(context); CudaEvent end = CudaEvent.timed(context)) {
            work.run();
            stream.synchronize();
            for (int i = 0; i < rounds.length; i++) {
                stream.record(start);
                work.run();
                stream.record(end);
                end.synchronize();
                rounds[i] = Math.max(1, end.nanosSince(start)) / 1e9;
            }
        }
        Arrays.sort(rounds);
        return rounds[rounds.length / 2];
    }

    @Override
    public void close() {
        launcher.close();
        stream.close();
        modules.close();
        pool.close();
        context.close();
    }
}
