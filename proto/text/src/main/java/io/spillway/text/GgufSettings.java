package io.spillway.text;

import io.spillway.modelfile.GgufFile;
import io.spillway.text.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeSet;

/** Reads the settings of a GGUF file. */
final class GgufSettings {
    private static final Map<String, String> TOKEN_KEYS = Map.of("bos_token", "bos_token_id", "eos_token", "eos_token_id",
        "unk_token", "unknown_token_id", "pad_token", "padding_token_id", "sep_token", "seperator_token_id");
    /** Tokens that end a turn or a message wherever they exist; some files name only one of them as EOS. */
    private static final List<String> TURN_ENDS = List.of("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>");

    private GgufSettings() {
    }

    static TextSettings read(final GgufFile file, final Tokenizer tokenizer) {
        final long context = file.integer(file.string("general.architecture").orElse("") + ".context_length").orElse(0);
        return new TextSettings(file.string("tokenizer.chat_template"), file.string("tokenizer.chat_template.tool_use"),
            specialTokens(file, tokenizer), stopTokens(file, tokenizer), FillTokens.of(file, tokenizer), (int) Math.clamp(context, 0, Integer.MAX_VALUE),
            GgufDefaults.read(file).or(GenerationConfig.beside(file.path())));
    }

    private static Map<String, String> specialTokens(final GgufFile file, final Tokenizer tokenizer) {
        final Map<String, String> tokens = new LinkedHashMap<>();
        TOKEN_KEYS.forEach((name, key) -> {
            final OptionalLong id = file.integer("tokenizer.ggml." + key);
            if (id.isPresent() && id.getAsLong() >= 0 && id.getAsLong() < tokenizer.vocabularySize()) {
                tokens.put(name, tokenizer.decode(new int[] {(int) id.getAsLong()}));
            }
        });
        return tokens;
    }

    private static List<Integer> stopTokens(final GgufFile file, final Tokenizer tokenizer) {
        final TreeSet<Integer> stops = new TreeSet<>();
        for (final String key : List.of("eos_token_id", "eot_token_id", "eom_token_id")) {
            final OptionalLong id = file.integer("tokenizer.ggml." + key);
            if (id.isPresent() && id.getAsLong() >= 0 && id.getAsLong() < tokenizer.vocabularySize()) {
                stops.add((int) id.getAsLong());
            }
        }
        TURN_ENDS.forEach(text -> tokenizer.idOf(text).ifPresent(id -> {
            if (tokenizer.isSpecial(id)) {
                stops.add(id);
            }
        }));
        tokenizer.idOf("<|endoftext|>").ifPresent(stops::add);
        return List.copyOf(stops);
    }
}
