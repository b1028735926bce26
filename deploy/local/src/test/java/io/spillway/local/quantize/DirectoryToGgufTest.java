package io.spillway.local.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.GgufFile;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.WorkerPool;
import io.spillway.node.cpu.CpuBackend;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.model.StepBatch;
import io.spillway.text.ModelText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A Hugging Face directory becomes the GGUF file of the same model. */
class DirectoryToGgufTest {
    private static final Path MODELS = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook");
    private static final String TEXT = "<|im_start|>user\nWhere is order A-1042? It's been 12 days…<|im_end|>\n<|im_start|>assistant\n";

    @TempDir
    private Path directory;

    private static QuantizeReport quantize(final Path model, final TargetType type, final Path out) {
        try (ModelSource source = ModelSource.open(model)) {
            return Quantizer.run(source, type, out, WorkerPool.INLINE, fraction -> { });
        }
    }

    private static float[] logits(final Path path, final int[] tokens) {
        try (ModelSource source = ModelSource.open(path); ComputeBackend backend = CpuBackend.start(1);
             LanguageModel model = ModelLoader.load(source, backend, ModelLoader.Options.defaults())) {
            final KvLayout layout = model.kvLayout(16, KvElement.F32);
            final int[] table = IntStream.range(0, layout.blocksFor(tokens.length)).toArray();
            final StepBatch batch = new StepBatch(tokens.length, 1);
            batch.beginSequence(table);
            for (int position = 0; position < tokens.length; position++) {
                batch.addRow(tokens[position], position);
            }
            batch.wantLogits();
            final float[] logits = new float[model.vocabularySize()];
            try (Slab slab = Slab.allocate(table.length * layout.blockBytes())) {
                model.forward(batch, layout, slab.segment(), logits);
            }
            return logits;
        }
    }

    /** The exporter of the bundled models wrote both kinds of files by itself: an independent reference for names, keys and the order of rows. */
    @ParameterizedTest
    @ValueSource(strings = {"brook", "brook-small"})
    void aFileOfHalvesIsTheModelToTheBit(final String name) {
        final Path model = MODELS.resolve(name);
        final Path out = directory.resolve(name + ".gguf");
        final QuantizeReport report = quantize(model, TargetType.F16, out);
        assertThat(report.notes()).isEmpty();
        try (GgufFile expected = GgufFile.open(model.resolve(name + "-f16.gguf")); GgufFile actual = GgufFile.open(out)) {
            assertThat(actual.tensors()).extracting(TensorEntry::name).containsExactlyInAnyOrderElementsOf(
                expected.tensors().stream().map(TensorEntry::name).toList());
            for (final TensorEntry tensor : expected.tensors()) {
                assertThat(actual.find(tensor.name()).orElseThrow().type()).as(tensor.name()).isEqualTo(tensor.type());
                assertThat(actual.tensor(tensor.name()).mismatch(expected.tensor(tensor.name()))).as(tensor.name()).isEqualTo(-1);
            }
            for (final String key : expected.keys()) {
                if (!List.of("general.name", "general.description", "tokenizer.ggml.token_type", "tokenizer.ggml.eot_token_id").contains(key)) {
                    assertThat(actual.value(key).orElseThrow().bytes()).as(key).isEqualTo(expected.value(key).orElseThrow().bytes());
                }
            }
        }
        try (ModelText before = ModelText.load(model); ModelText after = ModelText.load(out)) {
            final int[] tokens = before.encodeText(TEXT);
            assertThat(after.encodeText(TEXT)).containsExactly(tokens);
            assertThat(after.stopTokenIds()).containsExactly(before.stopTokenIds());
            assertThat(after.contextTokens()).isEqualTo(before.contextTokens());
            assertThat(after.toolFormat()).isEqualTo(before.toolFormat());
            final List<Map<String, Object>> chat = List.of(Map.of("role", "user", "content", "hello"));
            assertThat(after.renderChat(chat, List.of(), Map.of())).isEqualTo(before.renderChat(chat, List.of(), Map.of()));
            assertThat(logits(out, tokens)).containsExactly(logits(model, tokens));
        }
    }

    /** Quantised in one step or by way of halves: the same bytes. */
    @ParameterizedTest
    @CsvSource({"Q8_0", "Q4_0", "Q4_K", "BF16"})
    void oneStepIsTwoSteps(final TargetType type) throws IOException {
        final Path model = MODELS.resolve("brook");
        final Path halves = directory.resolve("f16.gguf");
        quantize(model, TargetType.F16, halves);
        final QuantizeReport one = quantize(model, type, directory.resolve("one.gguf"));
        final QuantizeReport two = quantize(halves, type, directory.resolve("two.gguf"));
        assertThat(directory.resolve("one.gguf")).hasSameBinaryContentAs(directory.resolve("two.gguf"));
        assertThat(one.afterBytes()).isEqualTo(two.afterBytes());
        assertThat(one.counts()).containsKeys(type.name(), "F32").isEqualTo(two.counts());
    }

    /** By way of a file, the directory's matrices are the same bytes; what is said of tokens and texts is the same. */
    @ParameterizedTest
    @ValueSource(strings = {"brook", "brook-small"})
    void fp8OfAFileIsFp8OfItsDirectory(final String name) throws IOException {
        final Path model = MODELS.resolve(name);
        final Path direct = directory.resolve("direct");
        final Path byFile = directory.resolve("by-file");
        quantize(model, TargetType.FP8, direct);
        quantize(model.resolve(name + "-f16.gguf"), TargetType.FP8, byFile);
        try (ModelSource expected = ModelSource.open(direct); ModelSource actual = ModelSource.open(byFile)) {
            assertThat(actual.tensors()).extracting(TensorEntry::name).containsExactlyInAnyOrderElementsOf(
                expected.tensors().stream().map(TensorEntry::name).toList());
            for (final TensorEntry tensor : expected.tensors()) {
                if (tensor.shape().size() > 1) {
                    assertThat(actual.tensor(tensor.name()).mismatch(expected.tensor(tensor.name()))).as(tensor.name()).isEqualTo(-1);
                }
            }
        }
        try (ModelText before = ModelText.load(direct); ModelText after = ModelText.load(byFile)) {
            final int[] tokens = before.encodeText(TEXT);
            assertThat(after.encodeText(TEXT)).containsExactly(tokens);
            assertThat(after.stopTokenIds()).containsExactly(before.stopTokenIds());
            assertThat(after.contextTokens()).isEqualTo(before.contextTokens());
            final List<Map<String, Object>> chat = List.of(Map.of("role", "user", "content", "hello"));
            assertThat(after.renderChat(chat, List.of(), Map.of())).isEqualTo(before.renderChat(chat, List.of(), Map.of()));
            assertThat(logits(byFile, tokens)).containsExactly(logits(direct, tokens));
        }
        final Path back = directory.resolve("back.gguf");
        assertThatThrownBy(() -> quantize(byFile, TargetType.F16, back)).isInstanceOf(SpillwayException.class).hasMessageContaining("already");
    }

    private Path altered(final Consumer<ObjectNode> config, final Consumer<ObjectNode> tokenizer) throws IOException {
        final Path from = MODELS.resolve("brook-small");
        final Path to = Files.createTempDirectory(directory, "altered");
        try (Stream<Path> files = Files.list(from)) {
            for (final Path file : files.filter(f -> !f.toString().endsWith(".gguf")).toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        alter(to.resolve("config.json"), config);
        alter(to.resolve("tokenizer.json"), tokenizer);
        return to;
    }

    private static void alter(final Path file, final Consumer<ObjectNode> change) throws IOException {
        final ObjectMapper mapper = new ObjectMapper();
        final ObjectNode root = (ObjectNode) mapper.readTree(file.toFile());
        change.accept(root);
        mapper.writeValue(file.toFile(), root);
    }

    @Test
    void aTokenizerThatKeysCannotSayIsInTheFileAsAWhole() throws IOException {
        final Path model = altered(config -> { }, tokenizer -> tokenizer.putObject("normalizer").put("type", "NFC"));
        final Path out = directory.resolve("nfc.gguf");
        assertThat(quantize(model, TargetType.Q8_0, out).notes()).anyMatch(note -> note.contains("the tokenizer is in the file as a whole"));
        try (ModelText before = ModelText.load(model); ModelText after = ModelText.load(out)) {
            final String decomposed = "cafe\u0301";
            assertThat(before.encodeText(decomposed)).containsExactly(before.encodeText("café"));
            assertThat(after.encodeText(decomposed)).containsExactly(before.encodeText(decomposed));
        }
    }

    @Test
    void aBeginningTokenIsAddedIfTheTokenizerAddsIt() throws IOException {
        final Path model = altered(config -> { }, tokenizer -> tokenizer.set("post_processor", begin()));
        final Path out = directory.resolve("bos.gguf");
        assertThat(quantize(model, TargetType.F16, out).notes()).isEmpty();
        try (GgufFile file = GgufFile.open(out); ModelText text = ModelText.load(out)) {
            assertThat(file.bool("tokenizer.ggml.add_bos_token")).contains(true);
            assertThat(file.integer("tokenizer.ggml.bos_token_id")).hasValue(2021);
            assertThat(text.encodeText("a")).startsWith(2021).hasSize(2);
        }
    }

    private static ObjectNode begin() {
        final ObjectNode processor = new ObjectMapper().createObjectNode().put("type", "TemplateProcessing");
        for (final String name : List.of("single", "pair")) {
            processor.putArray(name).addObject().putObject("SpecialToken").put("id", "<|endoftext|>").put("type_id", 0);
            ((ArrayNode) processor.get(name)).addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        }
        ((ArrayNode) processor.get("pair")).addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
        final ObjectNode token = processor.putObject("special_tokens").putObject("<|endoftext|>").put("id", "<|endoftext|>");
        token.putArray("ids").add(2021);
        token.putArray("tokens").add("<|endoftext|>");
        return processor;
    }

    /** 0 to 2: special; 3 to 258: bytes; then pieces, of which some are merged. */
    private static void sentencePiece(final ObjectNode tokenizer, final List<String> merges) {
        tokenizer.putNull("pre_tokenizer").putNull("post_processor");
        final ArrayNode normalizers = tokenizer.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        normalizers.addObject().put("type", "Prepend").put("prepend", "▁");
        normalizers.addObject().put("type", "Replace").put("content", "▁").putObject("pattern").put("String", " ");
        final ArrayNode decoders = tokenizer.putObject("decoder").put("type", "Sequence").putArray("decoders");
        decoders.addObject().put("type", "Replace").put("content", " ").putObject("pattern").put("String", "▁");
        decoders.addObject().put("type", "ByteFallback");
        decoders.addObject().put("type", "Fuse");
        final ArrayNode added = tokenizer.putArray("added_tokens");
        final ObjectNode model = tokenizer.putObject("model").put("type", "BPE").put("unk_token", "<unk>").put("fuse_unk", true).put("byte_fallback", true);
        final ObjectNode vocabulary = model.putObject("vocab");
        for (final String special : List.of("<unk>", "<s>", "</s>")) {
            added.addObject().put("id", vocabulary.size()).put("content", special).put("single_word", false).put("lstrip", false).put("rstrip", false)
                .put("normalized", false).put("special", true);
            vocabulary.put(special, vocabulary.size());
        }
        for (int value = 0; value < 256; value++) {
            vocabulary.put("<0x%02X>".formatted(value), vocabulary.size());
        }
        for (final String piece : List.of("▁", "t", "h", "e", "o", "r", "▁t", "he", "▁the", "th", "or", "the")) {
            vocabulary.put(piece, vocabulary.size());
        }
        merges.forEach(model.putArray("merges")::add);
    }

    private static final List<String> MERGES = List.of("▁ t", "h e", "▁t he", "t h", "t he", "th e", "▁ the", "o r");

    /** The ranks of "▁the" are not neighbours here: its pairs follow at 2 and 6. */
    @Test
    void sentencePieceIsCarriedByScoresOrAsAWhole() throws IOException {
        final List<String> neighbours = List.of("▁ t", "h e", "▁t he", "▁ the", "t h", "t he", "th e", "o r");
        final Path model = altered(config -> { }, tokenizer -> sentencePiece(tokenizer, neighbours));
        final Path out = directory.resolve("sp.gguf");
        final QuantizeReport report = quantize(model, TargetType.F16, out);
        assertThat(report.notes()).noneMatch(note -> note.contains("as a whole"));
        sameTokens(model, out);
        try (GgufFile file = GgufFile.open(out)) {
            assertThat(file.string("tokenizer.ggml.model")).contains("llama");
            final float[] scores = file.reals("tokenizer.ggml.scores").orElseThrow();
            final List<String> tokens = file.strings("tokenizer.ggml.tokens").orElseThrow();
            assertThat(scores[tokens.indexOf("▁t")]).isGreaterThan(scores[tokens.indexOf("he")]);
            assertThat(scores[tokens.indexOf("or")]).isGreaterThan(scores[tokens.indexOf("o")]);
            assertThat(file.integers("tokenizer.ggml.token_type").orElseThrow()).startsWith(2, 3, 3, 6).endsWith(5);
        }
        final Path scattered = altered(config -> { }, tokenizer -> sentencePiece(tokenizer, MERGES));
        assertThat(quantize(scattered, TargetType.F16, out).notes()).anyMatch(note -> note.contains("as a whole"));
        sameTokens(scattered, out);
        final Path first = altered(config -> { }, tokenizer -> {
            sentencePiece(tokenizer, neighbours);
            tokenizer.putNull("normalizer").putObject("pre_tokenizer").put("type", "Metaspace").put("replacement", "▁").put("prepend_scheme", "first").put("split", false);
        });
        assertThat(quantize(first, TargetType.F16, out).notes()).anyMatch(note -> note.contains("as a whole"));
        sameTokens(first, out);
    }

    private static void sameTokens(final Path model, final Path file) {
        try (ModelText before = ModelText.load(model); ModelText after = ModelText.load(file)) {
            for (final String text : List.of("the other </s>the root", "  the\nthé", "<s>t")) {
                assertThat(after.encodeText(text)).as(text).containsExactly(before.encodeText(text));
            }
        }
    }

    private void assertRefused(final Path model, final String problem) {
        final Path out = directory.resolve("refused.gguf");
        assertThatThrownBy(() -> quantize(model, TargetType.F16, out)).isInstanceOf(SpillwayException.class).hasMessageContaining(problem);
        assertThat(out).doesNotExist();
    }

    @Test
    void whatGgufCannotSayIsRefused() throws IOException {
        assertRefused(altered(config -> { }, tokenizer -> ((ObjectNode) tokenizer.get("model")).put("type", "Unigram")), "of the kind 'Unigram'");
        assertRefused(altered(config -> { }, tokenizer -> tokenizer.withArray("/pre_tokenizer/pretokenizers").removeAll().addObject().put("type", "Whitespace")),
            "a step 'Whitespace'");
        assertRefused(altered(config -> { }, tokenizer -> ((ObjectNode) tokenizer.at("/pre_tokenizer/pretokenizers/0/pattern")).put("Regex", "\\s+")), "a rule without a name");
        assertRefused(altered(config -> { }, tokenizer -> ((ObjectNode) tokenizer.get("model")).put("ignore_merges", true).withArray("merges").removeAll()), "would become other tokens");
        assertRefused(altered(config -> config.put("vocab_size", 2048).put("hidden_act", "gelu"), tokenizer -> { }), "activation 'gelu'");
        final Path noJson = altered(config -> { }, tokenizer -> { });
        Files.delete(noJson.resolve("tokenizer.json"));
        final QuantizeReport report = quantize(noJson, TargetType.F16, directory.resolve("ids.gguf"));
        assertThat(report.notes()).anyMatch(note -> note.contains("token ids only"));
        Files.writeString(noJson.resolve("tokenizer.model"), "x");
        assertRefused(noJson, "no tokenizer.json");
    }
}
