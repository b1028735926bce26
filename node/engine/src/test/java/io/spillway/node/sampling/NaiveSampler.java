package io.spillway.node.sampling;

import io.spillway.domain.request.SamplingParams;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The sampler's specification, written for reading: lists, sorts, no shortcuts. */
final class NaiveSampler {
    private record Candidate(int token, double logit, double weight) {
    }

    private NaiveSampler() {
    }

    static int sample(
        final float[] logits, final SamplingParams params, final int[] prompt, final int[] output,
        final long position) {
        final float[] adjusted = adjust(logits, params, prompt, output);
        final Comparator<Candidate> likeliest =
            Comparator.comparingDouble(Candidate::logit).reversed().thenComparing(Candidate::token);
        float largest = Float.NEGATIVE_INFINITY;
        for (final float logit : adjusted) {
            largest = Math.max(largest, logit);
        }
        List<Candidate> kept = new ArrayList<>();
        for (int token = 0; token < logits.length; token++) {
            final double exponent = params.greedy() ? 0 : ((double) adjusted[token] - largest) / params.temperature();
            kept.add(new Candidate(token, adjusted[token] + 0f, StrictMath.exp(exponent)));
        }
        if (params.greedy()) {
            return kept.stream().min(likeliest).orElseThrow().token();
        }
        kept.removeIf(candidate -> candidate.weight() < Math.max(params.minP(), StrictMath.exp(-60)));
        // Only a filter that cuts needs the order of likelihood; otherwise the draw runs in the order of token ids.
        final boolean isTopK = params.topK() > 0 && params.topK() < kept.size();
        if (isTopK || params.topP() < 1) {
            kept.sort(likeliest);
        }
        if (isTopK) {
            kept = kept.subList(0, params.topK());
        }
        return pick(nucleus(kept, params.topP()), CounterRandom.uniform(params.seed(), position));
    }

    private static float[] adjust(
        final float[] logits, final SamplingParams params, final int[] prompt, final int[] output) {
        final float[] adjusted = logits.clone();
        params.logitBias().forEach((token, bias) -> adjusted[token] += bias);
        for (int token = 0; token < logits.length; token++) {
            final int inOutput = count(output, token);
            if (params.repetitionPenalty() != 1f && inOutput + count(prompt, token) > 0) {
                adjusted[token] = adjusted[token] > 0
                    ? adjusted[token] / params.repetitionPenalty() : adjusted[token] * params.repetitionPenalty();
            }
            if (inOutput > 0) {
                adjusted[token] = adjusted[token] - params.presencePenalty() - params.frequencyPenalty() * inOutput;
            }
        }
        return adjusted;
    }

    private static int count(final int[] tokens, final int wanted) {
        int count = 0;
        for (final int token : tokens) {
            count += token == wanted ? 1 : 0;
        }
        return count;
    }

    private static List<Candidate> nucleus(final List<Candidate> sorted, final float topP) {
        if (topP >= 1) {
            return sorted;
        }
        final double total = sorted.stream().mapToDouble(Candidate::weight).reduce(0, Double::sum);
        double sum = 0;
        int count = 0;
        while (count < sorted.size() && (count == 0 || sum < topP * total)) {
            sum += sorted.get(count++).weight();
        }
        return sorted.subList(0, count);
    }

    private static int pick(final List<Candidate> candidates, final double uniform) {
        final double target = uniform * candidates.stream().mapToDouble(Candidate::weight).reduce(0, Double::sum);
        double sum = 0;
        for (final Candidate candidate : candidates) {
            sum += candidate.weight();
            if (sum > target) {
                return candidate.token();
            }
        }
        return candidates.getLast().token();
    }
}
