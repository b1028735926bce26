package io.spillway.node.cuda.model;

import io.spillway.domain.request.TokenLogprob;
import io.spillway.node.cuda.Device;
import io.spillway.node.runner.StepRunner;
import io.spillway.node.runner.StepSequence;
import io.spillway.node.sampling.Logprobs;
import io.spillway.node.sampling.Sampler;
import io.spillway.node.sampling.TokenConstraint;

/** Chooses tokens of a step from the logits that it left on the device. Single writer: the engine thread. */
final class Chooser {
    private final LogitReadback logits;
    private final Sampler sampler;
    private final long[] mask;
    private final int vocabulary;

    Chooser(final Device device, final DeviceDecoder decoder, final StepRunner.Limits limits) {
        vocabulary = decoder.vocabulary();
        logits = new LogitReadback(device, decoder.buffers().logits, vocabulary);
        sampler = new Sampler(vocabulary);
        mask = new long[TokenConstraint.maskWords(vocabulary)];
    }

    boolean canRunAhead() {
        return false;
    }

    boolean canRunAhead(final StepSequence sequence) {
        return false;
    }

    /** Puts what choosing needs behind the step. */
    void submit(final Flight f) {
        logits.begin(f);
        for (int i = 0; i < f.count; i++) {
            for (int row = 0; f.wantsToken[i] && row <= f.proposedCount[i]; row++) {
                logits.read(f, f.firstWanted[i] + row);
            }
        }
    }

    /**
     * Chooses for a sequence, and notes what was chosen.
     *
     * @param row 0 for its last known token, then what was proposed
     * @throws io.spillway.domain.error.SpillwayException when the logits are no numbers to choose by
     */
    int choose(final Flight f, final int index, final int row) {
        final StepSequence sequence = f.sequences[index];
        final float[] from = logits.row(f, f.firstWanted[index] + row);
        final int token = sampler.sample(from, 0, sequence.sampling(), sequence.history(), sequence.outputPosition(), allowed(sequence.constraint()));
        final TokenLogprob logprob = sequence.sampling().wantsLogprobs()
            ? Logprobs.of(from, 0, vocabulary, token, sequence.sampling().topLogprobs()) : null;
        f.choose(index, token, logprob);
        return token;
    }

    /** @return tokens that may come next; null when all may */
    private long[] allowed(final TokenConstraint constraint) {
        if (constraint == null) {
            return null;
        }
        constraint.fillMask(mask);
        return mask;
    }
}
