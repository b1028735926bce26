package io.spillway.text.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalInt;

/** Encodes through Hugging Face's library and decodes from the vocabulary's own bytes. */
final class LibraryTokenizer implements Tokenizer {
    static {
        // The library calls home, and looks for cloud metadata, unless told not to before its first class loads.
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.offline", "true");
    }

    private final HuggingFaceTokenizer library;
    private final long handle;
    private final Vocabulary vocabulary;

    private LibraryTokenizer(final HuggingFaceTokenizer library, final Vocabulary vocabulary) {
        this.library = library;
        this.handle = library.getHandle();
        this.vocabulary = vocabulary;
        TokenizersLibrary.LIB.disableTruncation(handle);
        TokenizersLibrary.LIB.disablePadding(handle);
    }

    /**
     * @param json a whole {@code tokenizer.json}
     * @param from names the file in an error
     * @throws SpillwayException {@code INVALID_MODEL_FILE} when the library does not take it
     */
    static LibraryTokenizer of(final String json, final Vocabulary vocabulary, final String from) {
        try {
            return new LibraryTokenizer(HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
                Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false")), vocabulary);
        } catch (final IOException | RuntimeException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE,
                "the tokenizer of " + from + " cannot be used: " + e.getMessage(), e);
        }
    }

    @Override
    public int[] encode(final String text, final boolean addSpecial) {
        if (text.isEmpty() && !addSpecial) {
            return new int[0];
        }
        // The library's own Encoding also copies texts, spans and masks of every token over; only the ids are wanted.
        final long encoding = TokenizersLibrary.LIB.encode(handle, whole(text), addSpecial);
        try {
            final long[] wide = TokenizersLibrary.LIB.getTokenIds(encoding);
            final int[] ids = new int[wide.length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = (int) wide[i];
            }
            return ids;
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
    }

    private static String whole(final String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return text.codePoints().map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
            }
        }
        return text;
    }

    @Override
    public byte[] tokenBytes(final int id) {
        return vocabulary.bytes(id);
    }

    @Override
    public boolean isSpecial(final int id) {
        return vocabulary.isSpecial(id);
    }

    @Override
    public String decode(final int[] ids) {
        final Utf8Decoder decoder = new Utf8Decoder();
        final StringBuilder text = new StringBuilder();
        for (final int id : ids) {
            decoder.accept(vocabulary.bytes(id), text);
        }
        decoder.end(text);
        return text.toString();
    }

    @Override
    public int vocabularySize() {
        return vocabulary.size();
    }

    @Override
    public OptionalInt idOf(final String token) {
        return vocabulary.idOf(token);
    }

    @Override
    public void close() {
        library.close();
    }
}
