package io.spillway.modelfile;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.ModelFingerprint;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A model as found on disk: a GGUF file or a Hugging Face directory, with one tensor directory for both.
 *
 * <p>Owns the mappings; every segment is borrowed until {@link #close}. Immutable; any thread may read.
 */
public final class ModelSource implements AutoCloseable {
    private final Path path;
    private final GgufFile gguf;                  // null for a Hugging Face directory
    private final HfConfig config;                // null for a GGUF file
    private final List<SafetensorsFile> shards;   // empty for a GGUF file

    private ModelSource(final Path path, final GgufFile gguf, final HfConfig config, final List<SafetensorsFile> shards) {
        this.path = path;
        this.gguf = gguf;
        this.config = config;
        this.shards = shards;
    }

    /**
     * Opens a {@code .gguf} file; a directory with {@code config.json} and safetensors; a directory whose only model is one
     * {@code .gguf}; or the {@code model.safetensors} of such a directory.
     *
     * @throws SpillwayException INVALID_MODEL_FILE, saying what is wrong and what to do
     */
    public static ModelSource open(final Path path) {
        if (!Files.exists(path)) {
            throw Refusal.of(path, "no such file or directory; check the path");
        }
        if (Files.isDirectory(path)) {
            return openDirectory(path);
        }
        if (path.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".safetensors")) {
            return openHuggingFace(path.toAbsolutePath().getParent());
        }
        return new ModelSource(path, GgufFile.open(path), null, List.of());
    }

    private static ModelSource openDirectory(final Path directory) {
        if (SafetensorsShards.present(directory)) {
            return openHuggingFace(directory);
        }
        final List<Path> ggufFiles = ggufFiles(directory);
        if (ggufFiles.size() == 1) {
            return new ModelSource(directory, GgufFile.open(ggufFiles.getFirst()), null, List.of());
        }
        throw Refusal.of(directory, ggufFiles.isEmpty()
                ? "holds neither model.safetensors (or its index) nor a .gguf file; give a GGUF file or a Hugging Face directory"
                : "holds " + ggufFiles.size() + " .gguf files; give the path of one of them");
    }

    private static List<Path> ggufFiles(final Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(p -> p.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".gguf"))
                    .filter(Files::isRegularFile).sorted().toList();
        } catch (final IOException e) {
            throw Refusal.of(directory, "cannot be listed (" + e.getMessage() + "); check its permissions", e);
        }
    }

    private static ModelSource openHuggingFace(final Path directory) {
        final Path configPath = directory.resolve("config.json");
        if (!Files.isRegularFile(configPath)) {
            throw Refusal.of(directory, "has weights but no config.json; fetch the whole repository, not the weights alone");
        }
        return new ModelSource(directory, null, HfConfig.read(configPath), SafetensorsShards.open(directory));
    }

    /** @return what was opened */
    public Path path() {
        return path;
    }

    /** @return the GGUF file; empty for a Hugging Face directory */
    public Optional<GgufFile> gguf() {
        return Optional.ofNullable(gguf);
    }

    /** @return the configuration; empty for a GGUF file */
    public Optional<HfConfig> config() {
        return Optional.ofNullable(config);
    }

    /** @return every tensor, in file order */
    public List<TensorEntry> tensors() {
        return gguf != null ? gguf.tensors() : shards.stream().flatMap(shard -> shard.tensors().stream()).toList();
    }

    /** @return the entry of that name */
    public Optional<TensorEntry> find(final String name) {
        return gguf != null ? gguf.find(name) : shards.stream().flatMap(shard -> shard.find(name).stream()).findFirst();
    }

    /**
     * @return the tensor's stored bytes; borrowed until {@link #close}
     * @throws SpillwayException INVALID_MODEL_FILE when there is none of that name
     */
    public MemorySegment tensor(final String name) {
        if (gguf != null) {
            return gguf.tensor(name);
        }
        return shards.stream().filter(shard -> shard.find(name).isPresent()).findFirst()
                .orElseThrow(() -> Refusal.of(path, "has no tensor " + Refusal.quote(name))).tensor(name);
    }

    /**
     * What the model is, by content; reads every byte, so call it once. SHA-256 of the GGUF file; or, for a Hugging Face
     * directory, of {@code config.json} followed by the weight files in name order, since the configuration decides the
     * numbers too (the rotary base, for one). The two formats of one model differ, and that is fine.
     */
    public ModelFingerprint fingerprint() {
        final MessageDigest digest = sha256();
        if (gguf != null) {
            gguf.digestInto(digest);
        } else {
            digest.update(configBytes());
            shards.forEach(shard -> shard.digestInto(digest));
        }
        return new ModelFingerprint(HexFormat.of().formatHex(digest.digest()));
    }

    /**
     * Whether these are still the same files, at a glance: 32 bytes made of every file's name, size, time of change and some of
     * its bytes, and of the configuration. For what is derived from a model and kept; not for its identity.
     */
    public byte[] contentKey() {
        final MessageDigest digest = sha256();
        if (gguf != null) {
            gguf.sampleInto(digest);
        } else {
            digest.update(configBytes());
            shards.forEach(shard -> shard.sampleInto(digest));
        }
        return digest.digest();
    }

    private byte[] configBytes() {
        final Path file = path.resolve("config.json");
        try {
            return Files.readAllBytes(file);
        } catch (final IOException e) {
            throw Refusal.of(file, "cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** @return a name to offer when the operator gave none: lower case, letters, digits, dots and dashes */
    public String nameHint() {
        final Path file = path.toAbsolutePath().normalize().getFileName();
        final String name = file == null ? "" : file.toString().replaceFirst("(?i)\\.gguf$", "").toLowerCase(Locale.ROOT)
                .replaceAll("[^a-z0-9.]+", "-").replaceAll("^[-.]+|[-.]+$", "");
        return name.isEmpty() ? "model" : name;
    }

    @Override
    public void close() {
        if (gguf != null) {
            gguf.close();
        }
        shards.forEach(SafetensorsFile::close);
    }
}
