package io.spillway.node.packed;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.WorkerPool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * One model's packed weights between two starts: asked before a matrix is packed, told afterwards, and written at the end of
 * loading if anything was missing. That it cannot be written is worth a warning and nothing else.
 *
 * <p>Used by the loading thread. Matrices stay the caller's.
 */
public final class PackedWeights implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(PackedWeights.class.getName());
    private static final String SUFFIX = ".spillway-packed";
    private static final long SPARE_BYTES = 1L << 30; // a disk is not filled for a cache's sake

    private final Path path;         // null: nothing is kept
    private final byte[] key;
    private final WorkerPool workers;
    private final Map<String, PackedMatrix> matrices = new LinkedHashMap<>();
    private PackedFile file;         // null: none that can be believed
    private boolean incomplete;

    private PackedWeights(final Path path, final byte[] key, final WorkerPool workers) {
        this.path = path;
        this.key = key;
        this.workers = workers;
        file = path == null ? null : PackedFile.open(path, key).orElse(null);
        incomplete = file == null;
    }

    /**
     * Finds the side file of a model.
     *
     * @return owned by the caller
     */
    public static PackedWeights open(final ModelSource source, final CachePolicy policy, final WorkerPool workers) {
        final long tensorBytes = source.tensors().stream().mapToLong(TensorEntry::sizeBytes).sum();
        if (policy.mode() == CachePolicy.Mode.OFF || tensorBytes < policy.minBytes()) {
            return new PackedWeights(null, new byte[0], workers);
        }
        final byte[] key = source.contentKey();
        return new PackedWeights(place(source, policy), key, workers);
    }

    private static Path place(final ModelSource source, final CachePolicy policy) {
        final Path model = source.path().toAbsolutePath().normalize();
        final Path folder = Files.isDirectory(model) ? model : model.getParent();
        if (policy.mode() == CachePolicy.Mode.AUTO && Files.isWritable(folder)) {
            return folder.resolve((Files.isDirectory(model) ? "model" : model.getFileName().toString()) + SUFFIX);
        }
        final Path elsewhere = policy.mode() == CachePolicy.Mode.FOLDER ? policy.folder() : userCache();
        // By the model's path, not its content: a changed model takes the place of what was kept of the old one.
        return elsewhere.resolve(source.nameHint() + "-" + UUID.nameUUIDFromBytes(model.toString().getBytes(StandardCharsets.UTF_8)) + SUFFIX);
    }

    private static Path userCache() {
        final String xdg = System.getenv("XDG_CACHE_HOME");
        final Path cache = xdg == null || xdg.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(xdg);
        return cache.resolve("spillway").resolve("packed");
    }

    /** @return where the side file is or would be; empty when nothing is kept */
    public Optional<Path> path() {
        return Optional.ofNullable(path);
    }

    /**
     * @param label  what the matrix is, one of its kind in the model
     * @param target its format and shape, and where it is to be; zeros, as it must be given, when the answer is false
     * @return whether it is there now as it was packed before, checked; else it must be packed
     */
    public boolean read(final String label, final PackedMatrix target) {
        final Optional<PackedEntry> entry = file == null ? Optional.empty() : file.find(label).filter(found ->
                found.dtype() == target.dtype() && found.rows() == target.rows() && found.columns() == target.columns());
        if (entry.isEmpty()) {
            return false;
        }
        final boolean sound = file.read(entry.get(), target.bytes().asSlice(0, entry.get().sizeBytes()), workers);
        if (sound) {
            matrices.put(label, target);
        } else {
            target.bytes().fill((byte) 0);
        }
        incomplete |= !sound;
        return sound;
    }

    /** Remembers a matrix that had to be packed, for the side file. */
    public void keep(final String label, final PackedMatrix matrix) {
        if (path != null) {
            matrices.put(label, matrix);
            incomplete = true;
        }
    }

    /** Ends loading: writes the side file if anything was missing. The matrices must still be there. */
    public void finish() {
        if (path != null && incomplete) {
            try {
                write();
            } catch (final SpillwayException | IOException e) {
                LOG.log(System.Logger.Level.WARNING, "packed weights are not kept: " + e.getMessage());
            }
        }
        matrices.clear();
        close();
    }

    private void write() throws IOException {
        Files.createDirectories(path.getParent());
        final long neededBytes = matrices.values().stream().mapToLong(m -> PackedMatrix.sizeBytes(m.dtype(), m.rows(), m.columns())).sum();
        if (Files.getFileStore(path.getParent()).getUsableSpace() - neededBytes < SPARE_BYTES) {
            LOG.log(System.Logger.Level.WARNING, "packed weights are not kept: less than 1 GiB would be left where " + path + " would be");
            return;
        }
        PackedFile.write(path, key, matrices, workers);
        LOG.log(System.Logger.Level.INFO, "packed weights are kept in " + path + " (" + neededBytes + " bytes): the next start reads them");
    }

    /** Closes the side file; again is fine. */
    @Override
    public void close() {
        if (file == null) {
            return;
        }
        try {
            file.close();
        } catch (final IOException e) {
            LOG.log(System.Logger.Level.WARNING, "packed weights in " + path + " did not close: " + e.getMessage());
        }
        file = null;
    }
}
