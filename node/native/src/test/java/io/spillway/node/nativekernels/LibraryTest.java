package io.spillway.node.nativekernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library is built where a compiler is, loads from folders and jars, and its absence is explained. */
class LibraryTest {
    @TempDir
    private Path folder;

    private static boolean compilerFound() {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(path -> Stream.of("cc", "gcc", "clang").anyMatch(name -> Files.isExecutable(Path.of(path, name))));
    }

    private static String resource() {
        return KernelLibrary.resourceName(System.getProperty("os.name"), System.getProperty("os.arch"));
    }

    @Test
    void whereACompilerIsFoundTheLibraryLoads() {
        assumeThat(compilerFound()).as("a C compiler on the path").isTrue();
        assertThat(NativeBackend.unavailable()).as("target/native/build.log says why").isEmpty();
        assertThat(InstructionSet.fastest()).isPresent();
        assertThat(InstructionSet.PLAIN.runsHere()).isTrue();
    }

    @Test
    void everyVariantThatRunsHereNamesItself() {
        assumeThat(NativeBackend.unavailable()).as("the library").isEmpty();
        for (final InstructionSet set : Variants.toTest()) {
            try (NativeBackend backend = NativeBackend.over(new ThreadsBackend(2), set)) {
                assertThat(backend.description()).startsWith("native kernels: " + set.label() + ", threads: 2").endsWith("scalar");
            }
        }
    }

    @Test
    void aVariantThatCannotRunIsRefused() {
        assertThat(InstructionSet.values()).allSatisfy(set -> {
            if (!set.runsHere()) {
                assertThatThrownBy(() -> NativeBackend.over(new ThreadsBackend(1), set)).isInstanceOfSatisfying(SpillwayException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIG)).hasMessageContaining(set.label());
            }
        });
    }

    @Test
    void theLibraryLoadsOutOfAJar() throws Exception {
        final URL library = KernelLibrary.class.getResource(resource());
        assumeThat(library).as("the library").isNotNull();
        final Path jar = folder.resolve("kernels.jar");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            zip.putNextEntry(new ZipEntry("kernels"));
            copy(library, zip);
        }
        final URL entry = URI.create("jar:" + jar.toUri() + "!/kernels").toURL();
        assertThat(KernelLibrary.load(entry).find("spillway_project")).isPresent();
    }

    private static void copy(final URL from, final OutputStream to) throws IOException {
        try (var in = from.openStream()) {
            in.transferTo(to);
        }
    }

    @Test
    void aBrokenLibraryIsAnErrorNotACrash() throws Exception {
        final Path broken = Files.write(folder.resolve("broken.so"), new byte[] {1, 2, 3});
        assertThatThrownBy(() -> KernelLibrary.load(broken.toUri().toURL())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void resourcesAreNamedByMachine() {
        assertThat(KernelLibrary.resourceName("Linux", "amd64")).isEqualTo("linux-x86_64/libspillway-kernels.so");
        assertThat(KernelLibrary.resourceName("Mac OS X", "aarch64")).isEqualTo("macos-aarch64/libspillway-kernels.dylib");
        assertThat(KernelLibrary.resourceName("Windows 11", "amd64")).startsWith("windows-x86_64/");
    }
}
