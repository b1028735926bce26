package io.spillway.text;

import io.spillway.modelfile.GgufFile;
import io.spillway.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Finds the tokens of {@link FillInMiddle} in a vocabulary. Stateless; any thread. */
final class FillTokens {
    /** Before the text before, before the text behind, before what is written: each family of models spells all three alike. */
    private static final List<List<String>> SPELLINGS = List.of(
        List.of("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
        List.of("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
        List.of("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
        List.of("<\uff5cfim\u2581begin\uff5c>", "<\uff5cfim\u2581hole\uff5c>", "<\uff5cfim\u2581end\uff5c>"),
        List.of("\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>"),
        List.of("<PRE>", "<SUF>", "<MID>"),
        List.of("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"));
    /** Models were shown whole repositories: behind a gap's end they may go on with padding, the next file or the next repository. */
    private static final List<String> ENDS = List.of("<|fim_pad|>", "<fim_pad>", "<fim-pad>", "<|repo_name|>", "<reponame>", "<|file_sep|>",
        "<file_sep>", "\u2581<EOT>", "<EOT>", "<|endoftext|>");
    /** Newer names first. */
    private static final List<List<String>> KEYS = List.of(
        List.of("fim_pre_token_id", "fim_suf_token_id", "fim_mid_token_id"),
        List.of("prefix_token_id", "suffix_token_id", "middle_token_id"));
    private static final List<String> END_KEYS = List.of("fim_pad_token_id", "fim_rep_token_id", "fim_sep_token_id", "eot_token_id");

    private FillTokens() {
    }

    /** @return those that the vocabulary has under one of the known spellings */
    static Optional<FillInMiddle> of(final Tokenizer tokenizer) {
        return SPELLINGS.stream().map(names -> names.stream().map(tokenizer::idOf).toList())
            .filter(ids -> ids.stream().allMatch(OptionalInt::isPresent)).findFirst()
            .map(ids -> made(ids.stream().map(OptionalInt::getAsInt).toList(), List.of(), tokenizer));
    }

    /** @return those that the file names by their ids, else by a known spelling */
    static Optional<FillInMiddle> of(final GgufFile file, final Tokenizer tokenizer) {
        return KEYS.stream().map(keys -> ids(keys, file, tokenizer)).filter(ids -> ids.size() == 3).findFirst()
            .map(ids -> made(ids, ids(END_KEYS, file, tokenizer), tokenizer)).or(() -> of(tokenizer));
    }

    private static List<Integer> ids(final List<String> keys, final GgufFile file, final Tokenizer tokenizer) {
        final List<Integer> ids = new ArrayList<>();
        for (final String key : keys) {
            final OptionalLong id = file.integer("tokenizer.ggml." + key);
            if (id.isPresent() && id.getAsLong() >= 0 && id.getAsLong() < tokenizer.vocabularySize()) {
                ids.add((int) id.getAsLong());
            }
        }
        return ids;
    }

    private static FillInMiddle made(final List<Integer> three, final List<Integer> moreEnds, final Tokenizer tokenizer) {
        final List<Integer> ends = new ArrayList<>(moreEnds);
        ENDS.forEach(name -> tokenizer.idOf(name).ifPresent(ends::add));
        return new FillInMiddle(three.get(0), three.get(1), three.get(2), ends.stream().distinct().sorted().toList());
    }
}
