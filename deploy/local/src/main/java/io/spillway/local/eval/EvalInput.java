package io.spillway.local.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.text.tokenizer.Tokenizer;
import io.spillway.text.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;

/** Tokens to judge a model by: from a list of ids, or from a text and the model's own tokenizer. Stateless. */
public final class EvalInput {
    private EvalInput() {
    }

    /**
     * @param tokens the whole sequence
     * @param begin  the token that the model wants at the begin of a text, where it wants exactly one and the input is a text
     */
    public record Tokens(int[] tokens, OptionalInt begin) { }

    /**
     * @param file ids as a JSON array of integers, or separated by white space or commas
     * @throws SpillwayException INVALID_VALUE when it cannot be read as that
     */
    public static Tokens ofIds(final Path file) {
        final String content = read(file, "tokens");
        return new Tokens(content.stripLeading().startsWith("[") ? json(content) : plain(content), OptionalInt.empty());
    }

    private static int[] json(final String content) {
        try {
            final JsonNode array = new ObjectMapper().readTree(content);
            final int[] ids = new int[array.size()];
            for (int i = 0; i < ids.length; i++) {
                if (!array.get(i).isIntegralNumber() || !array.get(i).canConvertToInt()) {
                    throw wrong("tokens", "element " + i + " is no token id: " + array.get(i));
                }
                ids[i] = array.get(i).intValue();
            }
            return ids;
        } catch (final JsonProcessingException e) {
            throw wrong("tokens", "no JSON array of token ids: " + e.getOriginalMessage());
        }
    }

    private static int[] plain(final String content) {
        try {
            return Arrays.stream(content.strip().split("[\\s,]+")).filter(word -> !word.isEmpty()).mapToInt(Integer::parseInt).toArray();
        } catch (final NumberFormatException e) {
            throw wrong("tokens", "not a list of token ids: " + e.getMessage());
        }
    }

    /**
     * @param file UTF-8 text
     * @throws SpillwayException INVALID_VALUE when it cannot be read, INVALID_MODEL_FILE when the model has no usable tokenizer
     */
    public static Tokens ofText(final Path file, final ModelSource source) {
        final String content = read(file, "text");
        try (Tokenizer tokenizer = tokenizer(source)) {
            final int[] around = tokenizer.encode("", true);
            return new Tokens(tokenizer.encode(content, true), around.length == 1 ? OptionalInt.of(around[0]) : OptionalInt.empty());
        }
    }

    /** @return the model's own tokenizer, the caller's to close */
    public static Tokenizer tokenizer(final ModelSource source) {
        return source.gguf().map(gguf -> Tokenizers.ofGguf(gguf, source.path()))
            .orElseGet(() -> Tokenizers.ofHuggingFace(source.path().resolve("tokenizer.json")));
    }

    private static String read(final Path file, final String field) {
        try {
            return Files.readString(file);
        } catch (final NoSuchFileException e) {
            throw wrong(field, "no file at " + file);
        } catch (final MalformedInputException e) {
            throw wrong(field, file + " is not UTF-8");
        } catch (final IOException e) {
            throw wrong(field, "cannot read " + file + ": " + e.getMessage());
        }
    }

    private static SpillwayException wrong(final String field, final String problem) {
        return SpillwayException.ofField(ErrorCode.INVALID_VALUE, field, problem);
    }
}
