package io.spillway.bench.grammar;

import io.spillway.grammar.CompiledGrammar;
import io.spillway.grammar.GrammarState;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Outputs to follow, token by token: those that a case brings, and random ones that nobody thought of. */
final class Outputs {
    private static final int RANDOM_OUTPUTS = 6;
    private static final int RANDOM_TOKENS = 200;
    private static final int SHORT_BYTES = 3;

    private Outputs() {
    }

    /** @return the tokens of each output, the end included where it is reached */
    static List<int[]> of(final GrammarCases.Case one, final BenchVocabulary vocabulary) {
        final List<int[]> outputs = new ArrayList<>(one.outputs().stream().map(vocabulary::cut).toList());
        final CompiledGrammar grammar = vocabulary.compiler().compile(one.source());
        for (int seed = 0; seed < RANDOM_OUTPUTS; seed++) {
            outputs.add(random(grammar, vocabulary, new Random(seed)));
        }
        return outputs;
    }

    /** Half of the tokens are any that may come, half are short ones: so that punctuation is met, which most tokens are not. */
    private static int[] random(final CompiledGrammar grammar, final BenchVocabulary vocabulary, final Random random) {
        final GrammarState state = grammar.start();
        final long[] mask = new long[grammar.vocabulary().maskWords()];
        final List<Integer> output = new ArrayList<>();
        while (output.size() < RANDOM_TOKENS) {
            state.fillMask(mask);
            final int[] allowed = tokens(mask);
            final boolean wantsShort = random.nextBoolean();
            int token = allowed[random.nextInt(allowed.length)];
            for (int tries = 0; tries < 200 && wantsShort && vocabulary.bytes(token).length > SHORT_BYTES; tries++) {
                token = allowed[random.nextInt(allowed.length)];
            }
            if (!state.advance(token)) {
                throw new IllegalStateException("token " + token + " may come, says the mask, and is refused");
            }
            output.add(token);
            if (token == vocabulary.end()) {
                break;
            }
        }
        return output.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int[] tokens(final long[] mask) {
        int count = 0;
        for (final long word : mask) {
            count += Long.bitCount(word);
        }
        final int[] tokens = new int[count];
        int next = 0;
        for (int i = 0; i < mask.length; i++) {
            for (long word = mask[i]; word != 0; word &= word - 1) {
                tokens[next++] = i * Long.SIZE + Long.numberOfTrailingZeros(word);
            }
        }
        return tokens;
    }
}
