package io.spillway.text.tokenizer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes a GGUF vocabulary as the {@code tokenizer.json} that gives the same ids. */
final class GgufTokenizerJson {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final String SPACE = "\u2581";

    private final GgufVocabulary source;
    private final ObjectNode root = NODES.objectNode();

    private GgufTokenizerJson(final GgufVocabulary source) {
        this.source = source;
    }

    static String of(final GgufVocabulary source, final Path from) {
        final GgufTokenizerJson json = new GgufTokenizerJson(source);
        json.root.put("version", "1.0").putNull("truncation").putNull("padding");
        json.addedTokens();
        if (source.kind().equals(GgufVocabulary.BYTE_PAIRS)) {
            json.bytePairs(from);
        } else {
            json.sentencePiece();
        }
        json.postProcessor();
        return json.root.toString();
    }

    private void addedTokens() {
        final ArrayNode added = root.putArray("added_tokens");
        for (int id = 0; id < source.tokens().size(); id++) {
            if (source.added(id)) {
                added.addObject().put("id", id).put("content", source.tokens().get(id)).put("single_word", false)
                    .put("lstrip", false).put("rstrip", false).put("normalized", false).put("special", source.special(id));
            }
        }
    }

    private void bytePairs(final Path from) {
        root.putNull("normalizer");
        final ArrayNode parts = root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        for (final String split : PreTokenizers.splits(source.pre(), from)) {
            parts.addObject().put("type", "Split").put("behavior", "Isolated").put("invert", false).putObject("pattern").put("Regex", split);
        }
        parts.add(byteLevel());
        root.set("decoder", byteLevel());
        final ObjectNode model = model(false).put("ignore_merges", PreTokenizers.wholeWordsFirst(source.pre()));
        final ArrayNode merges = model.putArray("merges");
        source.merges().forEach(merges::add);
    }

    private static ObjectNode byteLevel() {
        return NODES.objectNode().put("type", "ByteLevel").put("add_prefix_space", false).put("trim_offsets", false).put("use_regex", false);
    }

    private ObjectNode model(final boolean byteFallback) {
        final ObjectNode model = root.putObject("model").put("type", "BPE").putNull("dropout").putNull("continuing_subword_prefix")
            .putNull("end_of_word_suffix").put("fuse_unk", byteFallback).put("byte_fallback", byteFallback);
        final ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < source.tokens().size(); id++) {
            vocabulary.put(source.tokens().get(id), id);
            if (source.unknown(id)) {
                model.put("unk_token", source.tokens().get(id));
            }
        }
        return model;
    }

    private void sentencePiece() {
        final ArrayNode normalizers = root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (source.addSpacePrefix()) {
            normalizers.addObject().put("type", "Prepend").put("prepend", SPACE);
        }
        normalizers.add(replace(" ", SPACE));
        root.putNull("pre_tokenizer");
        final ArrayNode decoders = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
        decoders.add(replace(SPACE, " "));
        decoders.addObject().put("type", "ByteFallback");
        decoders.addObject().put("type", "Fuse");
        final ArrayNode merges = model(true).put("ignore_merges", false).putArray("merges");
        for (final Merge merge : merges()) {
            merges.add(NODES.arrayNode().add(merge.left()).add(merge.right()));
        }
    }

    private static ObjectNode replace(final String what, final String by) {
        final ObjectNode node = NODES.objectNode().put("type", "Replace");
        node.putObject("pattern").put("String", what);
        return node.put("content", by);
    }

    private record Merge(String left, String right, float score, int leftId, int rightId) {
    }

    /** Every way to make a piece of two pieces, best piece first: merging by rank is then merging by score. */
    private List<Merge> merges() {
        final Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < source.tokens().size(); id++) {
            if (!source.added(id)) {
                ids.put(source.tokens().get(id), id);
            }
        }
        final List<Merge> merges = new ArrayList<>();
        ids.forEach((piece, id) -> {
            for (int cut = piece.offsetByCodePoints(0, 1); cut < piece.length(); cut = piece.offsetByCodePoints(cut, 1)) {
                final Integer left = ids.get(piece.substring(0, cut));
                final Integer right = ids.get(piece.substring(cut));
                if (left != null && right != null) {
                    merges.add(new Merge(piece.substring(0, cut), piece.substring(cut), source.scores()[id], left, right));
                }
            }
        });
        merges.sort(Comparator.comparingDouble((Merge merge) -> -merge.score()).thenComparingInt(Merge::leftId).thenComparingInt(Merge::rightId));
        return merges;
    }

    private void postProcessor() {
        if (source.bos().isEmpty()) {
            root.putNull("post_processor");
            return;
        }
        final String bos = source.tokens().get(source.bos().getAsInt());
        final ObjectNode processor = root.putObject("post_processor").put("type", "TemplateProcessing");
        for (final String name : List.of("single", "pair")) {
            final ArrayNode template = processor.putArray(name);
            template.addObject().putObject("SpecialToken").put("id", bos).put("type_id", 0);
            template.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
            if (name.equals("pair")) {
                template.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
            }
        }
        final ObjectNode token = processor.putObject("special_tokens").putObject(bos).put("id", bos);
        token.putArray("ids").add(source.bos().getAsInt());
        token.putArray("tokens").add(bos);
    }
}
