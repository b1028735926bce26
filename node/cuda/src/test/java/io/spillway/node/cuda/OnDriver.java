package io.spillway.node.cuda;

import io.spillway.node.cuda.driver.CudaContext;
import io.spillway.node.cuda.driver.CudaDriver;
import io.spillway.node.cuda.driver.CudaException;
import io.spillway.node.cuda.driver.CudaModules;
import io.spillway.node.cuda.driver.CudaStream;
import io.spillway.node.cuda.driver.CudaUnavailableException;
import io.spillway.node.cuda.driver.PinnedSlab;
import io.spillway.node.cuda.driver.StreamLauncher;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/**
 * The kernels on a GPU, through the driver's library that {@code -Dspillway.driver} names. Memory is pinned host memory, which has one
 * address for both sides: tests fill and read it as on the shim. Every piece has a pattern on both sides, checked when it is freed. There
 * is no reverse order: a second run must give the same bits. Lives as long as the process.
 */
final class OnDriver extends Shim {
    private static final long SLAB_BYTES = 512L << 20;
    private static final long ALIGNMENT = 256;
    private static final long ZONE_BYTES = 256;
    private static final byte ZONE = 0x5A;
    private static final int HOPPER = 9;
    private static OnDriver shared;

    private final CudaContext context;
    private final CudaStream stream;
    private final StreamLauncher launcher;
    private final MemorySegment slab;
    private long top;
    private int live;

    private OnDriver(final CudaDriver driver) {
        context = driver.open(driver.report().devices().getFirst().ordinal());
        stream = CudaStream.of(context);
        launcher = new StreamLauncher(new CudaModules(context, images()), stream);
        slab = PinnedSlab.allocate(context, SLAB_BYTES).segment();
    }

    /** The kernels, and those that only tests have, where they were compiled for GPUs: {@code tests/kernels} below {@code spillway.root}. */
    private static List<KernelImage> images() {
        final List<KernelImage> images = new ArrayList<>(KernelImage.loadAll());
        final Path folder = Path.of(System.getProperty("spillway.root"), "tests", "kernels");
        try (Stream<Path> files = Files.isDirectory(folder) ? Files.list(folder) : Stream.empty()) {
            for (final Path file : files.sorted().toList()) {
                images.add(new KernelImage(file.getFileName().toString(), Files.readAllBytes(file), true));
            }
        } catch (final IOException e) {
            throw new UncheckedIOException("the tests' kernels cannot be read", e);
        }
        return images;
    }

    static synchronized OnDriver shared() {
        if (shared == null) {
            try {
                shared = new OnDriver(CudaDriver.load(System.getProperty("spillway.driver", CudaProbe.LIBRARY)));
            } catch (final CudaUnavailableException e) {
                throw new IllegalStateException(e.getMessage(), e);
            }
        }
        return shared;
    }

    @Override
    Shim reversed() {
        return this;
    }

    @Override
    public void launch(final KernelLaunch call) {
        if (call.kernel().startsWith("gemm_wide_") && context.device().major() != HOPPER) {
            throw new TestAbortedException(call.kernel() + " is compiled for sm_90a only");
        }
        context.bind();
        try {
            launcher.launch(call);
            stream.synchronize();
        } catch (final CudaException e) {
            throw new KernelFailedException(call.kernel(), e.getMessage(), e);
        } catch (final KernelFailedException e) {
            if (e.getMessage().endsWith("there is none of this name")) {
                throw new TestAbortedException(call.kernel() + " is compiled for tests without a GPU only");
            }
            throw e;
        }
    }

    @Override
    MemorySegment allocate(final long bytes) {
        final long at = Math.ceilDiv(top + ZONE_BYTES, ALIGNMENT) * ALIGNMENT;
        if (at + bytes + ZONE_BYTES > SLAB_BYTES) {
            throw new IllegalStateException("a test wants more than " + SLAB_BYTES + " bytes");
        }
        slab.asSlice(top, at - top).fill(ZONE);
        slab.asSlice(at + bytes, ZONE_BYTES).fill(ZONE);
        top = at + bytes;
        live++;
        return slab.asSlice(at, bytes).fill((byte) 0);
    }

    @Override
    void free(final MemorySegment memory) {
        final long at = memory.address() - slab.address();
        requireZone(at - ZONE_BYTES, "before");
        requireZone(at + memory.byteSize(), "behind");
        live--;
        if (live == 0) {
            top = 0;
        }
    }

    private void requireZone(final long from, final String where) {
        final byte[] expected = new byte[(int) ZONE_BYTES];
        Arrays.fill(expected, ZONE);
        if (slab.asSlice(from, ZONE_BYTES).mismatch(MemorySegment.ofArray(expected)) >= 0) {
            throw new AssertionError("a kernel has written " + where + " its memory");
        }
    }
}
