package io.spillway.node.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * The kernels on the CPU: the library that the build makes of their sources. Launches one kernel after the other. In reverse,
 * blocks and threads run from the last to the first: a result that depends on their order differs then.
 *
 * <p>With {@code -Dspillway.kernels=driver} the same tests run on a GPU instead: {@link OnDriver}.
 */
class Shim implements KernelLauncher {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final long REPORT_BYTES = 1024;
    private static final int SIZES_MAX = 64;
    private static final Path FOLDER = Path.of(System.getProperty("spillway.root"), "node", "cuda", "target", "shim");

    private final SymbolLookup symbols;
    private final MethodHandle launch;
    private final MethodHandle allocate;
    private final MethodHandle free;
    private final boolean reversed;

    /** Runs nothing itself. */
    Shim() {
        symbols = null;
        launch = null;
        allocate = null;
        free = null;
        reversed = false;
    }

    private Shim(final SymbolLookup symbols, final boolean reversed) {
        this.symbols = symbols;
        this.reversed = reversed;
        launch = handle("shim_launch", FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS, ADDRESS));
        allocate = handle("shim_allocate", FunctionDescriptor.of(ADDRESS, JAVA_LONG));
        free = handle("shim_free", FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG));
    }

    /** @return the library; without a C++ compiler the test is skipped, and says so */
    static Shim load() {
        if (System.getProperty("spillway.kernels", "shim").equals("driver")) {
            return OnDriver.shared();
        }
        final Path library = library("libspillway-shim.so");
        return new Shim(SymbolLookup.libraryLookup(library, Arena.global()), false);
    }

    /** @return what the build made for the tests */
    static Path library(final String name) {
        final Path library = FOLDER.resolve(name);
        Assumptions.assumeTrue(Files.exists(library), "no C++ compiler when this was built: kernels cannot run on the CPU");
        return library;
    }

    Shim reversed() {
        return new Shim(symbols, true);
    }

    private MethodHandle handle(final String name, final FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(symbols.findOrThrow(name), descriptor);
    }

    @Override
    public void launch(final KernelLaunch call) {
        final MemorySegment kernel = symbols.find("shim_kernel_" + call.kernel())
                .orElseThrow(() -> new KernelFailedException(call.kernel(), "there is none of this name"));
        try (Arena arena = Arena.ofConfined()) {
            checkArguments(call);
            final MemorySegment parameters = arena.allocate(ADDRESS, Math.max(1, call.arguments().size()));
            for (int i = 0; i < call.arguments().size(); i++) {
                parameters.setAtIndex(ADDRESS, i, call.arguments().get(i).write(arena));
            }
            final MemorySegment extents = arena.allocateFrom(JAVA_INT, call.grid().x(), call.grid().y(), call.grid().z(), call.block().x(),
                    call.block().y(), call.block().z(), call.sharedBytes(), reversed ? 1 : 0);
            final MemorySegment report = (MemorySegment) launch.invokeExact(kernel, extents, parameters);
            if (!report.equals(MemorySegment.NULL)) {
                throw new KernelFailedException(call.kernel(), report.reinterpret(REPORT_BYTES).getString(0));
            }
        } catch (final RuntimeException | Error e) {
            throw e;
        } catch (final Throwable e) {
            throw new IllegalStateException("the shim could not be called", e);
        }
    }

    private void checkArguments(final KernelLaunch call) throws Throwable {
        final MemorySegment sizes = ((MemorySegment) handle("shim_sizes_" + call.kernel(), FunctionDescriptor.of(ADDRESS)).invokeExact())
                .reinterpret(SIZES_MAX * 4L);
        int count = 0;
        while (sizes.getAtIndex(JAVA_INT, count) != 0) {
            if (count < call.arguments().size() && sizes.getAtIndex(JAVA_INT, count) != call.arguments().get(count).sizeBytes()) {
                throw new KernelFailedException(call.kernel(), "argument " + count + " has another size: " + call.arguments().get(count));
            }
            count++;
        }
        if (count != call.arguments().size()) {
            throw new KernelFailedException(call.kernel(), "takes " + count + " arguments, not " + call.arguments().size());
        }
    }

    /** @return zeroed memory that ends at a page nobody may touch */
    MemorySegment allocate(final long bytes) {
        try {
            return ((MemorySegment) allocate.invokeExact(bytes)).reinterpret(bytes);
        } catch (final Throwable e) {
            throw new IllegalStateException("no memory", e);
        }
    }

    void free(final MemorySegment memory) {
        try {
            free.invokeExact(memory, memory.byteSize());
        } catch (final Throwable e) {
            throw new IllegalStateException("cannot be freed", e);
        }
    }
}
