package io.spillway.node.cuda;

import java.util.List;

/** What the probe found. */
public sealed interface CudaReport {
    /** @return it in one line, for the start-up log */
    String line();

    /** GPUs that the kernels can run on. @param driverVersion 1000 · major + 10 · minor of the CUDA version it knows */
    record Usable(int driverVersion, List<CudaDevice> devices) implements CudaReport {
        public Usable {
            devices = List.copyOf(devices);
        }

        @Override
        public String line() {
            final StringBuilder line = new StringBuilder("CUDA ").append(version(driverVersion));
            for (final CudaDevice device : devices) {
                line.append(", ").append(device.name()).append(" (").append(device.memoryBytes() >> 20).append(" MiB, compute capability ")
                        .append(device.major()).append('.').append(device.minor()).append(')');
            }
            return line.toString();
        }
    }

    /** No GPU to be used. @param line why */
    record Unusable(String line) implements CudaReport { }

    /** @return a CUDA version as people write it */
    static String version(final int number) {
        return number / 1000 + "." + number % 1000 / 10;
    }
}
