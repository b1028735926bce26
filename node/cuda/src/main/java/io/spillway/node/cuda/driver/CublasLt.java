package io.spillway.node.cuda.driver;

import static java.util.Objects.requireNonNull;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Products of halves by NVIDIA's library, where the machine has it. What it chooses depends on the shape: a row's bits may differ with
 * the number of rows beside it, so the batch-invariant mode does not use it. Plans are kept by shape. One thread and one stream at a time:
 * products share a work space.
 */
public final class CublasLt implements AutoCloseable {
    /** Looked for in this order. */
    static final List<String> NAMES = List.of("libcublasLt.so.13", "libcublasLt.so.12");

    private static final long WORKSPACE_BYTES = 32L << 20;
    private static final int PLANS_MAX = 256;
    private static final int TUNE_ROUNDS = 5;

    private final CudaContext context;
    private final CublasFunctions functions;
    private final long handle;
    private final DeviceBuffer workspace;
    private final Map<CublasPlan.Key, CublasPlan> plans = new LinkedHashMap<>(16, 0.75f, true);

    private CublasLt(final CudaContext context, final CublasFunctions functions, final DevicePool pool) {
        this.context = context;
        this.functions = functions;
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            CublasFunctions.check("cublasLtCreate", functions.create.call(out.address()));
            handle = out.get(ValueLayout.JAVA_LONG, 0);
        }
        workspace = pool.allocate(WORKSPACE_BYTES, "cublasLt");
        context.opened();
    }

    /**
     * Looks for the library, version 13 before 12.
     *
     * @param pool    32 MiB are taken of it
     * @param folders where the user says it may be
     * @return empty: there is none that loads; own kernels compute
     */
    public static Optional<CublasLt> open(final CudaContext context, final DevicePool pool, final List<Path> folders) {
        requireNonNull(pool, "pool");
        final Optional<DriverLibrary> library = LibrarySearch.find(NAMES, folders);
        if (library.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new CublasLt(context, new CublasFunctions(library.get()), pool));
        } catch (final CudaUnavailableException e) {
            return Optional.empty(); // a library of that name without these functions: as if there were none
        }
    }

    /**
     * Puts a product on the stream.
     *
     * @return false: the library has no algorithm for it, nothing was done
     * @throws LibraryException when it refuses
     */
    public boolean multiply(final CudaStream stream, final HalfProduct product) {
        final CublasPlan plan = plan(product);
        if (plan.algorithms() == 0) {
            return false;
        }
        plan.run(handle, product, workspace, stream);
        return true;
    }

    /**
     * Times the algorithms that the library proposes and keeps the fastest for products of this shape. Overwrites {@code out}; waits.
     *
     * @return nanoseconds that the fastest takes; empty: there is none
     */
    public Optional<Long> tune(final CudaStream stream, final HalfProduct product) {
        final CublasPlan plan = plan(product);
        long best = Long.MAX_VALUE;
        int fastest = 0;
        for (int i = 0; i < plan.algorithms(); i++) {
            plan.choose(i);
            final long nanos = time(stream, plan, product);
            if (nanos < best) {
                best = nanos;
                fastest = i;
            }
        }
        plan.choose(fastest);
        return plan.algorithms() == 0 ? Optional.empty() : Optional.of(best);
    }

    private long time(final CudaStream stream, final CublasPlan plan, final HalfProduct product) {
        final long[] rounds = new long[TUNE_ROUNDS];
        try (CudaEvent start = CudaEvent.timed(context); CudaEvent end = CudaEvent.timed(context)) {
            plan.run(handle, product, workspace, stream);
            for (int i = 0; i < TUNE_ROUNDS; i++) {
                stream.record(start);
                plan.run(handle, product, workspace, stream);
                stream.record(end);
                end.synchronize();
                rounds[i] = end.nanosSince(start);
            }
        }
        Arrays.sort(rounds);
        return rounds[TUNE_ROUNDS / 2];
    }

    private CublasPlan plan(final HalfProduct product) {
        final CublasPlan.Key key = CublasPlan.Key.of(product);
        final CublasPlan known = plans.get(key);
        if (known != null) {
            return known;
        }
        if (plans.size() >= PLANS_MAX) {
            final Iterator<CublasPlan> oldest = plans.values().iterator();
            oldest.next().close();
            oldest.remove();
        }
        final CublasPlan fresh = new CublasPlan(functions, handle, key, WORKSPACE_BYTES);
        plans.put(key, fresh);
        return fresh;
    }

    @Override
    public void close() {
        plans.values().forEach(CublasPlan::close);
        plans.clear();
        context.closed();
        final int code = functions.destroy.call(handle);
        workspace.close();
        if (!context.isLost()) {
            CublasFunctions.check("cublasLtDestroy", code);
        }
    }
}
