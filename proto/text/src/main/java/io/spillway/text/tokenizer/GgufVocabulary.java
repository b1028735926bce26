package io.spillway.text.tokenizer;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.GgufFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * What a GGUF file says of its tokenizer, checked.
 *
 * @param kind           {@code gpt2} (byte-level BPE) or {@code llama} (SentencePiece with scores)
 * @param pre            the name of the splitting rule
 * @param tokens         one text per id
 * @param types          one type per id
 * @param merges         pairs with a space between, best first; empty for {@code llama}
 * @param scores         one per id for {@code llama}; else empty
 * @param bos            the token that begins a plain text, where one is to be added
 * @param addSpacePrefix whether a text is encoded as if a space stood before it
 */
record GgufVocabulary(
    String kind, String pre, List<String> tokens, int[] types, List<String> merges, float[] scores, OptionalInt bos,
    boolean addSpacePrefix) {
    static final String BYTE_PAIRS = "gpt2";
    static final String SENTENCE_PIECE = "llama";
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final Pattern PADDING = Pattern.compile("\\[PAD\\d+]");

    /** @throws SpillwayException {@code INVALID_MODEL_FILE} when something is missing or of an unknown kind */
    static GgufVocabulary read(final GgufFile file, final Path from) {
        final String kind = file.string("tokenizer.ggml.model").orElseThrow(() -> invalid(from, "has no tokenizer"));
        if (!kind.equals(BYTE_PAIRS) && !kind.equals(SENTENCE_PIECE)) {
            throw invalid(from, "has a tokenizer of kind '" + kind + "'; known are gpt2 and llama");
        }
        final List<String> tokens = file.strings("tokenizer.ggml.tokens").orElseThrow(() -> invalid(from, "has no tokenizer.ggml.tokens"));
        final int[] types = file.integers("tokenizer.ggml.token_type").orElseGet(() -> filled(tokens.size()));
        final float[] scores = file.reals("tokenizer.ggml.scores").orElseGet(() -> new float[0]);
        if (types.length != tokens.size() || kind.equals(SENTENCE_PIECE) && scores.length != tokens.size()) {
            throw invalid(from, "has token types or scores of another number than tokens");
        }
        final boolean pairs = kind.equals(BYTE_PAIRS);
        final List<String> merges = pairs
            ? file.strings("tokenizer.ggml.merges").orElseThrow(() -> invalid(from, "has no tokenizer.ggml.merges")) : List.of();
        final String pre = file.string("tokenizer.ggml.pre").orElse("default");
        final boolean addBos = file.bool("tokenizer.ggml.add_bos_token").orElse(!pairs || PreTokenizers.addsBos(pre));
        return new GgufVocabulary(kind, pre, tokens, types, merges, scores, addBos ? bos(file, tokens.size(), from) : OptionalInt.empty(),
            file.bool("tokenizer.ggml.add_space_prefix").orElse(!pairs));
    }

    private static int[] filled(final int size) {
        final int[] types = new int[size];
        java.util.Arrays.fill(types, NORMAL);
        return types;
    }

    private static OptionalInt bos(final GgufFile file, final int size, final Path from) {
        final long id = file.integer("tokenizer.ggml.bos_token_id").orElse(-1);
        if (id >= size) {
            throw invalid(from, "has a BOS token out of range");
        }
        return id < 0 ? OptionalInt.empty() : OptionalInt.of((int) id);
    }

    static SpillwayException invalid(final Path from, final String what) {
        return new SpillwayException(ErrorCode.INVALID_MODEL_FILE, from + " " + what);
    }

    /** @return whether the text of that token is found in a text as a whole, before anything is split */
    boolean added(final int id) {
        final boolean padding = types[id] == UNUSED && PADDING.matcher(tokens.get(id)).matches();
        return types[id] == CONTROL || types[id] == USER_DEFINED || types[id] == UNKNOWN || types[id] == UNUSED && !padding;
    }

    boolean special(final int id) {
        return added(id) && types[id] != USER_DEFINED;
    }

    boolean unknown(final int id) {
        return types[id] == UNKNOWN;
    }

    Vocabulary vocabulary() {
        final List<Vocabulary.Entry> entries = new ArrayList<>(tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            final boolean plain = added(id) || types[id] == UNUSED;
            entries.add(new Vocabulary.Entry(id, tokens.get(id), plain, special(id)));
        }
        return Vocabulary.of(entries, kind.equals(BYTE_PAIRS) ? TokenSpelling.BYTE_LEVEL : TokenSpelling.SENTENCE_PIECE);
    }
}
