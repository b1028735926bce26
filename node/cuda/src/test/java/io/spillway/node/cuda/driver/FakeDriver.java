package io.spillway.node.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The driver's library that the build makes for tests, and what can be asked and told of it. */
final class FakeDriver {
    private static final int TEXT_BYTES = 1024;
    private static final Path LIBRARY = Path.of(System.getProperty("spillway.root"), "node", "cuda", "target", "shim", "libcuda.so.1");

    private final SymbolLookup symbols;
    private final CudaDriver driver;

    private FakeDriver(final SymbolLookup symbols, final CudaDriver driver) {
        this.symbols = symbols;
        this.driver = driver;
    }

    /** @return it, started; without a C++ compiler, or where JCuda has no natives, the test is skipped and says so */
    static FakeDriver load() {
        Assumptions.assumeTrue(Files.exists(LIBRARY), "no C++ compiler when this was built: there is no driver for tests");
        Assumptions.assumeTrue(System.getProperty("os.arch").equals("amd64"), "JCuda has natives for x86-64 only");
        final SymbolLookup symbols = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
        try {
            return new FakeDriver(symbols, CudaDriver.load(LIBRARY.toString()));
        } catch (final CudaUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    CudaDriver driver() {
        return driver;
    }

    /** How often a function of the driver was called. */
    long calls(final String function) {
        try (Arena arena = Arena.ofConfined()) {
            return (long) invoke("fake_calls", FunctionDescriptor.of(JAVA_LONG, ADDRESS), arena.allocateFrom(function));
        }
    }

    /** The next call of that function returns that code. */
    void fail(final String function, final int code) {
        try (Arena arena = Arena.ofConfined()) {
            invoke("fake_fail", FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT), arena.allocateFrom(function), code);
        }
    }

    String fault() {
        return ((MemorySegment) invoke("fake_fault", FunctionDescriptor.of(ADDRESS))).reinterpret(TEXT_BYTES).getString(0);
    }

    void memory(final long bytes) {
        invoke("fake_memory", FunctionDescriptor.ofVoid(JAVA_LONG), bytes);
    }

    /** Pieces of memory that are not freed. */
    long live() {
        return (long) invoke("fake_live", FunctionDescriptor.of(JAVA_LONG));
    }

    /** Streams, events, modules and graphs that are not destroyed. */
    long handles() {
        return (long) invoke("fake_handles", FunctionDescriptor.of(JAVA_LONG));
    }

    void revive() {
        invoke("fake_revive", FunctionDescriptor.ofVoid());
    }

    /** Forgets what a dead context has left behind. */
    void sweep() {
        invoke("fake_sweep", FunctionDescriptor.ofVoid());
    }

    private Object invoke(final String function, final FunctionDescriptor descriptor, final Object... arguments) {
        try {
            return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(function), descriptor).invokeWithArguments(arguments);
        } catch (final Throwable e) {
            throw new IllegalStateException(function, e);
        }
    }
}
