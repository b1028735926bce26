package io.spillway.bench.kv;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.Slab;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.StepBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What an element of the cache does to a model's answers, on the conversations that are bundled with it. */
final class KvQuality {
    private final ComputeBackend backend;
    private final LanguageModel model;
    private final List<int[]> conversations;
    private final List<float[]> exact = new ArrayList<>();   // [conversations][tokens · vocabulary], over an F32 cache

    /**
     * @param perplexity  e to the mean negative log likelihood of the conversations' tokens
     * @param divergence  mean Kullback-Leibler divergence from the logits over an F32 cache, in nats
     * @param flips       tokens where the likeliest next one is another
     * @param tokens      predicted tokens
     */
    record Result(double perplexity, double divergence, int flips, int tokens) {
    }

    /** @param golden file of conversations: token ids of prompts and of their continuations */
    KvQuality(final ComputeBackend backend, final LanguageModel model, final Path golden) throws IOException {
        this.backend = backend;
        this.model = model;
        conversations = read(golden);
        conversations.forEach(ids -> exact.add(logits(ids, KvElement.F32)));
    }

    private static List<int[]> read(final Path golden) throws IOException {
        final List<int[]> all = new ArrayList<>();
        for (final JsonNode prompt : new ObjectMapper().readTree(golden.toFile()).path("prompts")) {
            final List<Integer> ids = new ArrayList<>();
            prompt.path("prompt_ids").forEach(id -> ids.add(id.intValue()));
            prompt.path("greedy_ids").forEach(id -> ids.add(id.intValue()));
            all.add(ids.stream().mapToInt(Integer::intValue).toArray());
        }
        return all;
    }

    Result measure(final KvElement element) {
        double nll = 0;
        double divergence = 0;
        int flips = 0;
        int tokens = 0;
        for (int c = 0; c < conversations.size(); c++) {
            final int[] ids = conversations.get(c);
            final float[] actual = logits(ids, element);
            for (int i = 0; i + 1 < ids.length; i++) {
                final Row own = new Row(actual, i * model.vocabularySize(), model.vocabularySize());
                final Row reference = new Row(exact.get(c), i * model.vocabularySize(), model.vocabularySize());
                nll -= own.logProbability(ids[i + 1]);
                divergence += reference.divergenceTo(own);
                flips += own.likeliest() == reference.likeliest() ? 0 : 1;
                tokens++;
            }
        }
        return new Result(Math.exp(nll / tokens), divergence / tokens, flips, tokens);
    }

    private float[] logits(final int[] ids, final KvElement element) {
        final KvLayout layout = model.kvLayout(ContextRig.BLOCK_TOKENS, element);
        final int[] table = new int[layout.blocksFor(ids.length)];
        final StepBatch batch = new StepBatch(ids.length, 1);
        for (int i = 0; i < table.length; i++) {
            table[i] = i;
        }
        batch.beginSequence(table);
        for (int i = 0; i < ids.length; i++) {
            batch.addRow(ids[i], i);
            batch.wantLogits();
        }
        final float[] logits = new float[ids.length * model.vocabularySize()];
        try (Slab slab = backend.allocate(table.length * layout.blockBytes())) {
            model.forward(batch, layout, slab.segment(), logits);
        }
        return logits;
    }

    /** The logits after one token. */
    private record Row(float[] logits, int at, int count, double logSum) {
        Row(final float[] logits, final int at, final int count) {
            this(logits, at, count, logSum(logits, at, count));
        }

        private static double logSum(final float[] logits, final int at, final int count) {
            double greatest = Double.NEGATIVE_INFINITY;
            for (int i = at; i < at + count; i++) {
                greatest = Math.max(greatest, logits[i]);
            }
            double sum = 0;
            for (int i = at; i < at + count; i++) {
                sum += Math.exp(logits[i] - greatest);
            }
            return greatest + Math.log(sum);
        }

        double logProbability(final int token) {
            return logits[at + token] - logSum;
        }

        double divergenceTo(final Row other) {
            double sum = 0;
            for (int token = 0; token < count; token++) {
                sum += Math.exp(logProbability(token)) * (logProbability(token) - other.logProbability(token));
            }
            return sum;
        }

        int likeliest() {
            int best = 0;
            for (int token = 1; token < count; token++) {
                best = logits[at + token] > logits[at + best] ? token : best;
            }
            return best;
        }
    }
}
