package io.spillway.node.cuda.driver;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The link between host and GPU, as the system shows it at its widest and fastest: idle GPUs slow theirs down.
 *
 * @param gigatransfersPerSecond of each lane
 * @param lanes                  of the link
 */
public record PcieLink(double gigatransfersPerSecond, int lanes) {
    private static final Path DEVICES = Path.of("/sys/bus/pci/devices");
    private static final double ENCODED_FROM = 8.0;

    /** @return bytes per second one way, before headers of packets: 128 of 130 bits carry payload, of older links 8 of 10 */
    public double bytesPerSecond() {
        final double coding = gigatransfersPerSecond >= ENCODED_FROM ? 128.0 / 130 : 0.8;
        return gigatransfersPerSecond * 1e9 * lanes * coding / 8;
    }

    /** @return the link of a device; empty where the system does not show it. @param busId {@link DeviceLimits#pciBusId()} */
    public static Optional<PcieLink> of(final String busId) {
        return read(DEVICES.resolve(busId));
    }

    static Optional<PcieLink> read(final Path device) {
        try {
            final String speed = Files.readString(device.resolve("max_link_speed")).strip();
            final String lanes = Files.readString(device.resolve("max_link_width")).strip();
            return Optional.of(new PcieLink(Double.parseDouble(speed.split(" ")[0]), Integer.parseInt(lanes)));
        } catch (final IOException | NumberFormatException e) {
            return Optional.empty(); // virtual machines often hide it
        }
    }
}
