package io.spillway.node.cuda.driver;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Finds NVIDIA's libraries: by the system's loader, in folders that the user names, and where CUDA installs them. Stateless; any thread. */
final class LibrarySearch {
    private static final Path INSTALLED = Path.of("/usr/local");

    private LibrarySearch() {
    }

    /**
     * @param names   best first: the newest version
     * @param folders that the user names: before those that CUDA installs to, and before the loader's
     */
    static Optional<DriverLibrary> find(final List<String> names, final List<Path> folders) {
        for (final String name : names) {
            final List<String> places = new ArrayList<>();
            folders.forEach(folder -> places.add(folder.resolve(name).toAbsolutePath().toString()));
            places.add(name);
            installed().forEach(folder -> places.add(folder.resolve(name).toString()));
            for (final String place : places) {
                final Optional<DriverLibrary> library = open(place);
                if (library.isPresent()) {
                    return library;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<DriverLibrary> open(final String place) {
        if (place.contains("/") && !Files.exists(Path.of(place))) {
            return Optional.empty();
        }
        try {
            return Optional.of(DriverLibrary.open(place));
        } catch (final CudaUnavailableException e) {
            return Optional.empty(); // the next place may have one that loads
        }
    }

    private static List<Path> installed() {
        final List<Path> folders = new ArrayList<>();
        try (DirectoryStream<Path> versions = Files.newDirectoryStream(INSTALLED, "cuda*")) {
            versions.forEach(version -> folders.add(version.resolve("lib64")));
        } catch (final IOException e) {
            return List.of(); // no such folder, or it is not ours to read
        }
        folders.sort(Comparator.<Path>naturalOrder().reversed());
        return folders;
    }
}
