package io.spillway.local.cluster;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.nio.file.Path;

/**
 * What the person who types {@code up} asks for.
 *
 * @param model   GGUF file or Hugging Face directory
 * @param dataDir folder of everything this cluster writes
 * @param nodes   engine nodes, at least 1
 * @param port    port of the first gateway; 0 takes any
 * @param serving how the model is served
 */
public record ClusterSpec(Path model, Path dataDir, int nodes, int port, Serving serving) {
    /** More nodes than this on one machine is a slip of the finger. */
    public static final int NODES_MAX = 64;

    public ClusterSpec {
        requireNonNull(model, "model");
        requireNonNull(dataDir, "dataDir");
        requireNonNull(serving, "serving");
        if (nodes < 1 || nodes > NODES_MAX) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "nodes", "--nodes must be 1 to " + NODES_MAX + ", got " + nodes);
        }
        if (port < 0 || port > 65535) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "port", "--port must be 0 (any) to 65535, got " + port);
        }
    }

    /** @return the name clients use: the directory's name, or the file's without {@code .gguf} */
    public String modelName() {
        final String name = model.toAbsolutePath().normalize().getFileName().toString();
        return name.endsWith(".gguf") ? name.substring(0, name.length() - ".gguf".length()) : name;
    }
}
