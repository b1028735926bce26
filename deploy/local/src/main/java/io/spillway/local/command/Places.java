package io.spillway.local.command;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where things are: the checkout and the data folder. Mixed into every command that needs them. */
public final class Places {
    @Option(names = "--data", paramLabel = "DIR", description = "folder of everything the cluster writes (default: .spillway)")
    private Path data;

    /** @return the checkout; the launcher script names it, else it is the current folder */
    public static Path root() {
        return Path.of(System.getProperty("spillway.root", ".")).toAbsolutePath().normalize();
    }

    /** @return the bundled model */
    public static Path bundledModel() {
        return root().resolve("deploy/local/models/brook/brook");
    }

    /** @return the folder of this cluster, absolute */
    public Path dataDir() {
        return Optional.ofNullable(data).orElseGet(() -> root().resolve(".spillway")).toAbsolutePath().normalize();
    }
}
