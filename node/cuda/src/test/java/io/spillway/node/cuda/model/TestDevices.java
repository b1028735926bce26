package io.spillway.node.cuda.model;

import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.ShimDevice;
import io.spillway.node.cuda.driver.OpenedDevice;

/** What models are tested on: the kernels on the CPU, or with {@code -Dspillway.kernels=driver} a GPU. */
final class TestDevices {
    private TestDevices() {
    }

    static Device open() {
        return System.getProperty("spillway.kernels", "shim").equals("driver") ? OpenedDevice.open() : new ShimDevice();
    }
}
