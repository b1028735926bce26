package io.spillway.node.cuda.driver;

import io.spillway.node.cuda.CudaProbe;
import io.spillway.node.cuda.Device;

/** A GPU for tests that know nothing of drivers: over the library that {@code -Dspillway.driver} names. */
public final class OpenedDevice {
    private OpenedDevice() {
    }

    /** @return the first GPU */
    public static Device open() {
        try {
            final CudaDriver driver = CudaDriver.load(System.getProperty("spillway.driver", CudaProbe.LIBRARY));
            return StreamDevice.owning(driver.open(driver.report().devices().getFirst().ordinal()));
        } catch (final CudaUnavailableException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }
}
