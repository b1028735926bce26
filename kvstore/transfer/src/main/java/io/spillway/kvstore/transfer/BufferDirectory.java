package io.spillway.kvstore.transfer;

import io.spillway.domain.id.NodeId;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where a member keeps its transfer buffers, unless configured: a RAM disk where there is one. */
public final class BufferDirectory {
    private static final Path RAM_DISK = Path.of("/dev/shm");

    private BufferDirectory() {
    }

    /**
     * @param dataDir the member's own folder: keeps members of the same name but of different clusters apart
     * @return the same folder at every start, so that what a killed process left behind is cleared by its successor
     */
    public static Path of(final NodeId self, final Path dataDir) {
        final int cluster = dataDir.toAbsolutePath().normalize().toString().hashCode();
        final String name = "spillway-" + self.value().replaceAll("[^A-Za-z0-9._-]", "_") + "-" + Integer.toHexString(cluster);
        final boolean ramDisk = Files.isDirectory(RAM_DISK) && Files.isWritable(RAM_DISK);
        return (ramDisk ? RAM_DISK : Path.of(System.getProperty("java.io.tmpdir"))).resolve(name);
    }
}
