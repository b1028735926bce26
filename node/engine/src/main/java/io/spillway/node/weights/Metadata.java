package io.spillway.node.weights;

import io.spillway.modelfile.GgufFile;
import io.spillway.modelfile.HfConfig;
import io.spillway.modelfile.ModelSource;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** A model's metadata under one set of questions; a key is given in both spellings, GGUF's without the architecture. */
final class Metadata {
    private static final int VALUE_MAX = 1 << 26;

    private final ModelSource source;
    private final String architecture;

    Metadata(final ModelSource source) {
        this.source = source;
        architecture = source.gguf().map(g -> g.string("general.architecture"))
                .orElseGet(() -> source.config().flatMap(c -> c.string("model_type")))
                .orElseThrow(() -> InvalidModel.because(source, "its metadata names no architecture"));
    }

    String architecture() {
        return architecture;
    }

    Optional<GgufFile> gguf() {
        return source.gguf();
    }

    Optional<HfConfig> config() {
        return source.config();
    }

    /** @return the text, wherever the file keeps it */
    Optional<String> string(final String ggufKey, final String hfKey) {
        return source.gguf().map(g -> g.string(key(ggufKey))).orElseGet(() -> source.config().flatMap(c -> c.string(hfKey)));
    }

    /** @return the truth value under GGUF's key; empty outside GGUF */
    Optional<Boolean> bool(final String ggufKey) {
        return source.gguf().flatMap(g -> g.bool(key(ggufKey)));
    }

    OptionalDouble real(final String ggufKey, final String hfKey) {
        return source.gguf().map(g -> g.real(key(ggufKey))).orElseGet(() -> source.config().orElseThrow().real(hfKey));
    }

    OptionalLong integer(final String ggufKey, final String hfKey) {
        return source.gguf().map(g -> g.integer(key(ggufKey))).orElseGet(() -> source.config().orElseThrow().integer(hfKey));
    }

    int positive(final String ggufKey, final String hfKey) {
        final OptionalLong value = integer(ggufKey, hfKey);
        return checked(ggufKey, hfKey, value.orElseThrow(() -> InvalidModel.because(source, "its metadata has no " + name(ggufKey, hfKey))));
    }

    int positive(final String ggufKey, final String hfKey, final int absent) {
        return checked(ggufKey, hfKey, integer(ggufKey, hfKey).orElse(absent));
    }

    private int checked(final String ggufKey, final String hfKey, final long value) {
        if (value <= 0 || value > VALUE_MAX) {
            throw InvalidModel.because(source, name(ggufKey, hfKey) + " is " + value + ", which is no size");
        }
        return (int) value;
    }

    private String name(final String ggufKey, final String hfKey) {
        return source.gguf().isPresent() ? key(ggufKey) : hfKey;
    }

    private String key(final String ggufKey) {
        return architecture + "." + ggufKey;
    }
}
