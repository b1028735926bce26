package io.spillway.node.cuda.driver;

import io.spillway.node.cuda.CudaDevice;
import io.spillway.node.cuda.CudaProbe;
import io.spillway.node.cuda.CudaReport;
import jcuda.driver.JCudaDriver;

/**
 * The NVIDIA driver of this machine, started. Loaded for good; any thread.
 */
public final class CudaDriver {
    private final CudaReport.Usable report;
    private final DriverCalls calls;

    private CudaDriver(final CudaReport.Usable report, final DriverCalls calls) {
        this.report = report;
        this.calls = calls;
    }

    /**
     * Probes, then loads and starts.
     *
     * @throws CudaUnavailableException with one line when there is no GPU that the kernels run on, no driver, or one that is too old
     */
    public static CudaDriver load() throws CudaUnavailableException {
        return load(CudaProbe.LIBRARY);
    }

    /** Likewise with that library. @param library name or path of the driver's; stays loaded, and what is loaded later gets it too */
    public static CudaDriver load(final String library) throws CudaUnavailableException {
        return switch (CudaProbe.probe(library)) {
            case final CudaReport.Unusable none -> throw new CudaUnavailableException(none.line());
            case final CudaReport.Usable usable -> start(library, usable);
        };
    }

    private static CudaDriver start(final String library, final CudaReport.Usable usable) throws CudaUnavailableException {
        final DriverLibrary symbols = DriverLibrary.open(library);
        symbols.requireAll(JCudaNatives.FUNCTIONS);
        final DriverCalls calls = new DriverCalls(symbols);
        JCudaNatives.load();
        final int code = JCudaDriver.cuInit(0);
        if (code != 0) {
            throw new CudaUnavailableException("the NVIDIA driver refuses: " + new CudaException("cuInit", code).getMessage());
        }
        return new CudaDriver(usable, calls);
    }

    /** @return what the probe found: the GPUs that the kernels run on */
    public CudaReport.Usable report() {
        return report;
    }

    /**
     * Opens a GPU for this process and binds it to the calling thread.
     *
     * @param ordinal of the driver's counting, {@link CudaDevice#ordinal()}
     * @throws CudaException when the driver refuses
     */
    public CudaContext open(final int ordinal) {
        final CudaDevice device = report.devices().stream().filter(one -> one.ordinal() == ordinal).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("no usable GPU has the number " + ordinal + ": " + report.line()));
        return CudaContext.open(calls, device);
    }
}
