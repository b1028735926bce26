package io.spillway.node.nativekernels;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Optional;

/**
 * The library of C kernels: a resource of this module where the build found a C compiler. Loaded once per process, for as
 * long as it lives; any thread may ask.
 */
final class KernelLibrary {
    private static final Attempt ATTEMPT = attempt();

    private KernelLibrary() {
    }

    /** Either the library's symbols, or why there are none. */
    private record Attempt(SymbolLookup symbols, String problem) { }

    /** @return why there is no library; empty when it is loaded */
    static Optional<String> unavailable() {
        return Optional.ofNullable(ATTEMPT.problem);
    }

    /** @return what the library exports; only while {@link #unavailable()} is empty */
    static SymbolLookup symbols() {
        if (ATTEMPT.symbols == null) {
            throw new IllegalStateException("no native kernels: " + ATTEMPT.problem);
        }
        return ATTEMPT.symbols;
    }

    private static Attempt attempt() {
        final String name = resourceName(System.getProperty("os.name"), System.getProperty("os.arch"));
        final URL resource = KernelLibrary.class.getResource(name);
        if (resource == null) {
            return new Attempt(null, "this build holds no library " + name + ": no C compiler was found when it was made");
        }
        try {
            return new Attempt(load(resource), null);
        } catch (final IOException | URISyntaxException | IllegalArgumentException | UnsupportedOperationException e) {
            return new Attempt(null, "the library " + name + " cannot be loaded: " + e.getMessage());
        }
    }

    /** @return where the library for a machine lies beside this class */
    static String resourceName(final String osName, final String osArch) {
        final String os = osName.toLowerCase(Locale.ROOT);
        final String system = os.startsWith("mac") ? "macos" : os.startsWith("linux") ? "linux" : os.split(" ")[0];
        final String machine = switch (osArch) {
            case "amd64", "x86_64" -> "x86_64";
            case "aarch64", "arm64" -> "aarch64";
            default -> osArch;
        };
        return system + "-" + machine + "/libspillway-kernels." + ("macos".equals(system) ? "dylib" : "so");
    }

    /** From where it lies, or, out of a jar, from a private copy that is deleted once it is mapped. */
    static SymbolLookup load(final URL resource) throws IOException, URISyntaxException {
        if ("file".equals(resource.getProtocol())) {
            return SymbolLookup.libraryLookup(Path.of(resource.toURI()), Arena.global());
        }
        final Path copy = Files.createTempFile("spillway-kernels-", ".lib"); // readable by this user only
        try (InputStream in = resource.openStream()) {
            Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            return SymbolLookup.libraryLookup(copy, Arena.global());
        } finally {
            Files.deleteIfExists(copy);
        }
    }
}
