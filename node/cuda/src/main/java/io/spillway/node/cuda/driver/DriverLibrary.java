package io.spillway.node.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;

/** A library of result-returning C functions, loaded for good. Any thread. */
final class DriverLibrary {
    private static final Linker LINKER = Linker.nativeLinker();

    private final String name;
    private final SymbolLookup symbols;

    private DriverLibrary(final String name, final SymbolLookup symbols) {
        this.name = name;
        this.symbols = symbols;
    }

    /** @param library a name that the system's loader finds, or a path */
    static DriverLibrary open(final String library) throws CudaUnavailableException {
        try {
            return new DriverLibrary(library, library.contains("/") ? SymbolLookup.libraryLookup(Path.of(library), Arena.global())
                    : SymbolLookup.libraryLookup(library, Arena.global()));
        } catch (final IllegalArgumentException e) {
            throw new CudaUnavailableException(library + " cannot be loaded");
        }
    }

    /** @param parameters layouts of the C parameters: {@code JAVA_LONG} for addresses, handles and sizes, {@code JAVA_INT} for ints */
    DriverFunction function(final String function, final MemoryLayout... parameters) throws CudaUnavailableException {
        return new DriverFunction(function, handle(function, parameters));
    }

    /** For functions that take more than numbers. */
    MethodHandle handle(final String function, final MemoryLayout... parameters) throws CudaUnavailableException {
        requireAll(List.of(function));
        return LINKER.downcallHandle(symbols.findOrThrow(function), FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }

    /** @throws CudaUnavailableException that names the first function that is missing */
    void requireAll(final List<String> functions) throws CudaUnavailableException {
        for (final String function : functions) {
            if (symbols.find(function).isEmpty()) {
                throw new CudaUnavailableException(name + " has no function " + function + ": it is too old or incomplete");
            }
        }
    }
}
