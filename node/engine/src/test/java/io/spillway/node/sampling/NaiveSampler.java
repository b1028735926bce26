package io.spillway.node.sampling;

import io.spillway.domain.request.SamplingParams;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The sampler's specification, written for reading: lists, sorts, no shortcuts, the library's exponential. */
final class NaiveSampler {
    private record Candidate(int token, double logit, double weight) {
    }

    private NaiveSampler() {
    }

    /** @param output what the tokens so far are; the next one has this position */
    static int sample(final float[] logits, final SamplingParams params, final int[] prompt, final int[] output) {
        final long position = output.length;
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
        kept.removeIf(candidate -> candidate.weight() < Math.max(params.minP(), StrictMath.exp(-63.8)));
        kept.sort(likeliest);
        if (params.topK() > 0 && params.topK() < kept.size()) {
            kept = new ArrayList<>(kept.subList(0, params.topK()));
        }
        if (params.typicalP() < 1) {
            kept = new ArrayList<>(leading(byTypicality(kept), params.typicalP()));
            kept.sort(likeliest);
        }
        kept = new ArrayList<>(params.topP() < 1 ? leading(kept, params.topP()) : kept);
        kept.sort(Comparator.comparingInt(Candidate::token));
        return pick(kept, CounterRandom.uniform(params.seed(), position));
    }

    private static List<Candidate> byTypicality(final List<Candidate> kept) {
        final double total = total(kept);
        double entropy = 0;
        for (final Candidate candidate : kept) {
            final double p = candidate.weight() / total;
            entropy -= p * Math.log(p);
        }
        final double expected = entropy;
        final List<Candidate> sorted = new ArrayList<>(kept);
        sorted.sort(Comparator.<Candidate>comparingDouble(
            candidate -> Math.abs(-Math.log(candidate.weight() / total) - expected)).thenComparing(Candidate::token));
        return sorted;
    }

    private static double total(final List<Candidate> candidates) {
        return candidates.stream().mapToDouble(Candidate::weight).reduce(0, Double::sum);
    }

    private static float[] adjust(
        final float[] logits, final SamplingParams params, final int[] prompt, final int[] output) {
        final float[] adjusted = logits.clone();
        final int[] all = java.util.stream.IntStream.concat(
            java.util.Arrays.stream(prompt), java.util.Arrays.stream(output)).toArray();
        final int window = params.repetitionWindowTokens() == 0
            ? all.length : Math.min(all.length, params.repetitionWindowTokens());
        final int[] last = java.util.Arrays.copyOfRange(all, all.length - window, all.length);
        params.logitBias().forEach((token, bias) -> adjusted[token] += bias);
        for (int token = 0; token < logits.length; token++) {
            final int inOutput = count(output, token);
            if (params.repetitionPenalty() != 1f && count(last, token) > 0) {
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

    /** @return the fewest from the front that reach this share of the weight */
    private static List<Candidate> leading(final List<Candidate> sorted, final float share) {
        final double total = total(sorted);
        double sum = 0;
        int count = 0;
        while (count < sorted.size() && (count == 0 || sum < share * total)) {
            sum += sorted.get(count++).weight();
        }
        return sorted.subList(0, count);
    }

    private static int pick(final List<Candidate> candidates, final double uniform) {
        final double target = uniform * total(candidates);
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
