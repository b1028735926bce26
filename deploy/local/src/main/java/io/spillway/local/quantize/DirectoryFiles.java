package io.spillway.local.quantize;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufFile;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.weights.DirectoryConfig;
import io.spillway.node.weights.ModelShape;
import io.spillway.text.ModelText;
import io.spillway.text.tokenizer.Tokenizer;
import io.spillway.text.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** The small files of a Hugging Face directory: copied from one, or made of a GGUF file's metadata. Used by one thread. */
final class DirectoryFiles {
    static final String CONFIG = "config.json";
    private static final Map<String, String> SPECIAL = Map.of("bos_token", "bos_token_id", "eos_token", "eos_token_id",
        "unk_token", "unknown_token_id", "pad_token", "padding_token_id");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ModelSource source;
    private final Path to;

    /** @param to an empty directory */
    DirectoryFiles(final ModelSource source, final Path to) {
        this.source = source;
        this.to = to;
    }

    /**
     * Tokenizer, templates, generation settings: everything of text beside the weights.
     *
     * @param shape      of a GGUF file; null for a directory
     * @param vocabulary rows of a GGUF file's embedding
     * @return the configuration, not written yet
     */
    ObjectNode write(final ModelShape shape, final int vocabulary) throws IOException {
        if (source.gguf().isEmpty()) {
            copy(Files.isDirectory(source.path()) ? source.path() : source.path().toAbsolutePath().getParent());
            return (ObjectNode) JSON.readTree(source.path().resolve(CONFIG).toFile());
        }
        final ObjectNode config = JSON.valueToTree(DirectoryConfig.of(source, shape, vocabulary));
        make(source.gguf().get(), config);
        return config;
    }

    private void copy(final Path from) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (final Path file : files.filter(Files::isRegularFile).toList()) {
                final String name = file.getFileName().toString();
                final boolean text = name.endsWith(".json") || name.endsWith(".txt") || name.endsWith(".jinja") || name.endsWith(".model");
                if (text && !name.equals(CONFIG) && !name.endsWith(".safetensors.index.json")) {
                    Files.copy(file, to.resolve(name));
                }
            }
        }
    }

    private void make(final GgufFile gguf, final ObjectNode config) throws IOException {
        Files.writeString(to.resolve("tokenizer.json"), Tokenizers.json(gguf, source.path()));
        final ObjectNode tokenizer = JSON.createObjectNode().put("tokenizer_class", "PreTrainedTokenizerFast").put("clean_up_tokenization_spaces", false);
        try (ModelText text = ModelText.load(gguf.path())) {
            SPECIAL.forEach((name, key) -> {
                final OptionalLong id = gguf.integer("tokenizer.ggml." + key);
                if (id.isPresent() && id.getAsLong() >= 0 && id.getAsLong() < text.tokenizer().vocabularySize()) {
                    tokenizer.put(name, text.tokenizer().decode(new int[] {(int) id.getAsLong()}));
                    config.put(name + "_id", id.getAsLong());
                }
            });
            templates(gguf, tokenizer);
            final ObjectNode generation = JSON.createObjectNode();
            Arrays.stream(text.stopTokenIds()).forEach(generation.putArray("eos_token_id")::add);
            JSON.writerWithDefaultPrettyPrinter().writeValue(to.resolve("generation_config.json").toFile(), generation);
            JSON.writerWithDefaultPrettyPrinter().writeValue(to.resolve("tokenizer_config.json").toFile(), tokenizer);
            requireSameTokens(text.tokenizer());
        }
    }

    private void templates(final GgufFile gguf, final ObjectNode tokenizer) throws IOException {
        if (gguf.string("tokenizer.chat_template").isPresent()) {
            tokenizer.put("chat_template", gguf.string("tokenizer.chat_template").get());
        }
        if (gguf.string("tokenizer.chat_template.tool_use").isPresent()) {
            final Path folder = Files.createDirectory(to.resolve("additional_chat_templates"));
            Files.writeString(folder.resolve("tool_use.jinja"), gguf.string("tokenizer.chat_template.tool_use").get());
        }
    }

    private void requireSameTokens(final Tokenizer expected) {
        try (Tokenizer made = Tokenizers.ofHuggingFace(to.resolve("tokenizer.json"))) {
            final List<String> texts = Stream.concat(CarriedCheck.COMMON.stream(), CarriedCheck.RARE.stream()).toList();
            CarriedCheck.differing(texts.stream(), expected, made).ifPresent(text -> {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "model", source.path() + ": the text '" + text + "' would become other tokens");
            });
        }
    }
}
