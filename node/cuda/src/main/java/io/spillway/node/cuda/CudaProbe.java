package io.spillway.node.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks the driver's library what GPUs there are, through the FFM API alone: a binding that finds a function missing may end the
 * process, so this comes before any. Every way to have no GPU is a value with one line. Stateless; any thread.
 */
public final class CudaProbe {
    /** The driver's library. */
    public static final String LIBRARY = "libcuda.so.1";
    /** CUDA version that a driver must know to load the kernels: that of the compiler that made them. */
    public static final int DRIVER_VERSION_MIN = 13_000;

    private static final int NAME_BYTES = 256;
    private static final int ATTRIBUTE_MAJOR = 75;
    private static final int ATTRIBUTE_MINOR = 76;
    private static final int NO_DEVICE = 100;
    private static final Linker LINKER = Linker.nativeLinker();

    private CudaProbe() {
    }

    /** A call of the driver that did not succeed, or cannot be made. */
    private static final class ProbeFailed extends Exception {
        private static final long serialVersionUID = 1L;

        ProbeFailed(final String line) {
            super(line);
        }
    }

    /** @return what this machine has */
    public static CudaReport probe() {
        return probe(LIBRARY);
    }

    /** @return what that driver finds. @param library name or path of the driver's library; stays loaded */
    public static CudaReport probe(final String library) {
        final SymbolLookup symbols;
        try {
            symbols = library.contains("/") ? SymbolLookup.libraryLookup(java.nio.file.Path.of(library), Arena.global())
                    : SymbolLookup.libraryLookup(library, Arena.global());
        } catch (final IllegalArgumentException e) {
            return new CudaReport.Unusable("no NVIDIA driver: " + library + " cannot be loaded");
        }
        try (Arena arena = Arena.ofConfined()) {
            return new Driver(symbols, arena).report();
        } catch (final ProbeFailed e) {
            return new CudaReport.Unusable(e.getMessage());
        }
    }

    /** The driver's functions, and scratch memory for what they write. */
    private record Driver(SymbolLookup symbols, Arena arena) {
        CudaReport report() throws ProbeFailed {
            final MemorySegment number = arena.allocate(ValueLayout.JAVA_LONG);
            checkVersion(number);
            final int initialised = call("cuInit", List.of(JAVA_INT), 0);
            if (initialised == NO_DEVICE) {
                return new CudaReport.Unusable("the NVIDIA driver finds no GPU");
            }
            check("cuInit", initialised);
            check("cuDeviceGetCount", call("cuDeviceGetCount", List.of(ADDRESS), number));
            final int count = number.get(JAVA_INT, 0);
            final List<CudaDevice> devices = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                devices.add(device(i, number));
            }
            if (devices.isEmpty()) {
                return new CudaReport.Unusable("the NVIDIA driver finds no GPU");
            }
            final List<CudaDevice> usable = devices.stream().filter(CudaDevice::isSupported).toList();
            return usable.isEmpty() ? new CudaReport.Unusable("no GPU of compute capability 8.0 or above; the first is "
                    + devices.getFirst().name() + ", " + devices.getFirst().major() + "." + devices.getFirst().minor())
                    : new CudaReport.Usable(version(number), usable);
        }

        private void checkVersion(final MemorySegment number) throws ProbeFailed {
            final int version = version(number);
            if (version < DRIVER_VERSION_MIN) {
                throw new ProbeFailed("the NVIDIA driver is too old: it knows CUDA " + CudaReport.version(version) + ", the kernels need "
                        + CudaReport.version(DRIVER_VERSION_MIN));
            }
        }

        private int version(final MemorySegment number) throws ProbeFailed {
            check("cuDriverGetVersion", call("cuDriverGetVersion", List.of(ADDRESS), number));
            return number.get(JAVA_INT, 0);
        }

        private CudaDevice device(final int ordinal, final MemorySegment number) throws ProbeFailed {
            check("cuDeviceGet", call("cuDeviceGet", List.of(ADDRESS, JAVA_INT), number, ordinal));
            final int device = number.get(JAVA_INT, 0);
            final MemorySegment name = arena.allocate(NAME_BYTES);
            check("cuDeviceGetName", call("cuDeviceGetName", List.of(ADDRESS, JAVA_INT, JAVA_INT), name, NAME_BYTES - 1, device));
            check("cuDeviceTotalMem_v2", call("cuDeviceTotalMem_v2", List.of(ADDRESS, JAVA_INT), number, device));
            final long memoryBytes = number.get(ValueLayout.JAVA_LONG, 0);
            return new CudaDevice(ordinal, name.getString(0), memoryBytes, attribute(ATTRIBUTE_MAJOR, device, number), attribute(ATTRIBUTE_MINOR, device, number));
        }

        private int attribute(final int attribute, final int device, final MemorySegment number) throws ProbeFailed {
            check("cuDeviceGetAttribute", call("cuDeviceGetAttribute", List.of(ADDRESS, JAVA_INT, JAVA_INT), number, attribute, device));
            return number.get(JAVA_INT, 0);
        }

        private static void check(final String function, final int result) throws ProbeFailed {
            if (result != 0) {
                throw new ProbeFailed("the NVIDIA driver refuses: " + function + " returns " + result);
            }
        }

        private int call(final String function, final List<? extends MemoryLayout> parameters, final Object... arguments) throws ProbeFailed {
            final MemorySegment address = symbols.find(function)
                    .orElseThrow(() -> new ProbeFailed("the NVIDIA driver has no function " + function + ": it is too old or incomplete"));
            try {
                return (int) LINKER.downcallHandle(address, FunctionDescriptor.of(JAVA_INT, parameters.toArray(MemoryLayout[]::new)))
                        .invokeWithArguments(arguments);
            } catch (final RuntimeException | Error e) {
                throw e;
            } catch (final Throwable e) {
                throw new IllegalStateException("the driver could not be called", e);
            }
        }
    }
}
