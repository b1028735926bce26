package io.spillway.node.cuda.driver;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Loads JCuda's native library: from {@code java.library.path} where it lies there, else out of its jar into a folder that only this user
 * can read and that goes at once. JCuda itself would unpack it under a fixed name in the temporary folder that all users share.
 */
final class JCudaNatives {
    /** Functions of the driver that we call through JCuda: a missing one would end the process, not throw. */
    static final List<String> FUNCTIONS = List.of("cuInit", "cuDeviceGet", "cuDeviceGetAttribute", "cuDeviceGetPCIBusId", "cuDeviceCanAccessPeer",
        "cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRelease_v2", "cuCtxSynchronize", "cuCtxGetStreamPriorityRange",
        "cuCtxEnablePeerAccess", "cuModuleLoadData", "cuModuleUnload", "cuModuleGetFunction", "cuStreamCreateWithPriority", "cuStreamDestroy_v2",
        "cuEventCreate", "cuEventDestroy_v2", "cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphGetNodes", "cuGraphInstantiateWithFlags",
        "cuGraphUpload", "cuGraphExecDestroy", "cuGraphDestroy");

    private static final String CLASS = "jcuda.driver.JCudaDriver";
    private static final String FILE_PREFIX = "libJCudaDriver-";
    private static final String TEMPORARY = "java.io.tmpdir";

    private JCudaNatives() {
    }

    /** @throws CudaUnavailableException when this system has no native library of JCuda, or it does not load */
    static synchronized void load() throws CudaUnavailableException {
        final String shared = System.getProperty(TEMPORARY);
        Path own = null;
        try {
            if (!isOnLibraryPath()) {
                own = Files.createTempDirectory("spillway-cuda-");
                System.setProperty(TEMPORARY, own.toString());
            }
            Class.forName(CLASS);
        } catch (final LinkageError | ClassNotFoundException e) {
            throw new CudaUnavailableException("JCuda's native library cannot be loaded on " + System.getProperty("os.name") + " "
                    + System.getProperty("os.arch"));
        } catch (final IOException e) {
            throw new CudaUnavailableException("JCuda's native library cannot be unpacked: " + e.getMessage());
        } finally {
            System.setProperty(TEMPORARY, shared);
            delete(own);
        }
    }

    private static boolean isOnLibraryPath() {
        return Arrays.stream(System.getProperty("java.library.path", "").split(":")).filter(folder -> !folder.isEmpty()).map(Path::of)
            .anyMatch(JCudaNatives::holdsLibrary);
    }

    private static boolean holdsLibrary(final Path folder) {
        final String[] names = folder.toFile().list();
        return names != null && Arrays.stream(names).anyMatch(name -> name.startsWith(FILE_PREFIX));
    }

    /** The library is mapped: its file is not needed any more. */
    private static void delete(final Path folder) {
        if (folder != null) {
            final String[] names = folder.toFile().list();
            for (final String name : names == null ? new String[0] : names) {
                remove(folder.resolve(name));
            }
            remove(folder);
        }
    }

    private static void remove(final Path path) {
        if (!path.toFile().delete()) {
            path.toFile().deleteOnExit();
        }
    }
}
