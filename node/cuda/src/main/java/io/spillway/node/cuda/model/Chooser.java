package io.spillway.node.cuda.model;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.SamplingCall;
import io.spillway.node.cuda.SamplingRow;
import io.spillway.node.runner.StepRunner;
import io.spillway.node.runner.StepSequence;
import io.spillway.node.sampling.Logprobs;
import io.spillway.node.sampling.Sampler;
import io.spillway.node.sampling.TokenConstraint;
import java.lang.foreign.MemorySegment;

/**
 * Chooses the tokens of a step: on the device where it can, else here, from logits that are read back. The host chooses for sequences with
 * penalties, for guesses under a constraint, and for rows beyond what the device has scratch memory for. Single writer: the engine thread.
 */
final class Chooser {
    private final SamplingLaunches sampling;
    private final LogitReadback logits;
    private final TokenReadback tokens;
    private final ChoiceExtras extras;
    private final Sampler sampler;
    private final long[] mask;
    private final int vocabulary;
    private final boolean usesDevice;

    /** @param usesDevice false: the host chooses everything */
    Chooser(final Device device, final DeviceDecoder decoder, final StepRunner.Limits limits, final boolean usesDevice) {
        vocabulary = decoder.vocabulary();
        this.usesDevice = usesDevice && decoder.sampling().isPossible();
        sampling = decoder.sampling();
        logits = new LogitReadback(device, decoder.buffers().logits, vocabulary);
        tokens = new TokenReadback(device, sampling, limits.rowsMax());
        extras = new ChoiceExtras(device, sampling, vocabulary);
        sampler = new Sampler(vocabulary);
        mask = new long[TokenConstraint.maskWords(vocabulary)];
    }

    boolean canRunAhead() {
        return usesDevice;
    }

    /** Rows that take neither scratch memory nor penalties: these the device chooses in every step. */
    boolean canRunAhead(final StepSequence sequence) {
        final SamplingParams params = sequence.sampling();
        return usesDevice && sequence.constraint() == null && sequence.pool() == null && !SamplingRow.needsSlot(params)
            && params.topLogprobs() <= SamplingCall.TOP_LOGPROBS_MAX && !SamplingRow.needsScratch(params, false, vocabulary);
    }

    /** Says who chooses for each sequence of the step, and brings what the device needs for it. @return how the step is launched */
    DeviceDecoder.Choice prepare(final Flight f) {
        extras.begin();
        StepShape.Output output = StepShape.Output.LOGITS;
        boolean hasAhead = false;
        for (int i = 0; i < f.count; i++) {
            hasAhead |= f.isAhead[i];
            f.isChosenOnDevice[i] = f.wantsToken[i] && isForDevice(f, i);
            if (f.isChosenOnDevice[i]) {
                final StepShape.Output wanted = outputOf(f.sequences[i].sampling());
                output = output.compareTo(wanted) < 0 ? wanted : output;
            }
        }
        extras.send();
        f.output = output;
        return new Told(f, output, hasAhead);
    }

    private boolean isForDevice(final Flight f, final int index) {
        final StepSequence sequence = f.sequences[index];
        final SamplingParams params = sequence.sampling();
        final boolean isAlone = f.proposedCount[index] == 0;
        if (!usesDevice || SamplingRow.needsSlot(params) || params.topLogprobs() > SamplingCall.TOP_LOGPROBS_MAX
                || sequence.constraint() != null && !isAlone) {
            return false;
        }
        final boolean takesScratch = SamplingRow.needsScratch(params, sequence.constraint() != null, vocabulary);
        return !takesScratch || isAlone && extras.take(f, index);
    }

    private static StepShape.Output outputOf(final SamplingParams params) {
        return params.wantsLogprobs() ? StepShape.Output.WITH_LOGPROBS : params.greedy() ? StepShape.Output.GREEDY : StepShape.Output.DRAWN;
    }

    /** What the device is told. */
    private record Told(Flight flight, StepShape.Output output, boolean hasAhead) implements DeviceDecoder.Choice {
        @Override
        public void write(final MemorySegment rows, final int[] slots) {
            final Flight f = flight;
            int sequence = 0; // of the batch: those whose states are wanted are not in it
            for (int i = 0; i < f.count; i++) {
                final boolean isInBatch = f.pooledRows[i] == 0;
                for (int row = 0; f.isChosenOnDevice[i] && row <= f.proposedCount[i]; row++) {
                    final SamplingRow.Places places = f.places[i] == null ? SamplingRow.Places.NONE : f.places[i];
                    final boolean goesOn = f.proposedCount[i] == 0;
                    new SamplingRow(f.sequences[i].sampling(), f.sequences[i].outputPosition() + row + (f.isAhead[i] ? 1L : 0L),
                        goesOn ? places.withInputRow(slots[sequence]) : places).write(rows, f.firstWanted[i] + row);
                }
                sequence += isInBatch ? 1 : 0;
            }
        }
    }

    /** Puts behind the step what the host wants of it. */
    void readBack(final Flight f) {
        logits.begin(f);
        for (int i = 0; i < f.count; i++) {
            for (int row = 0; f.wantsToken[i] && !f.isChosenOnDevice[i] && row <= f.proposedCount[i]; row++) {
                logits.read(f, f.firstWanted[i] + row);
            }
        }
        tokens.read(f);
    }

    /**
     * Chooses for a sequence, and notes what was chosen.
     *
     * @param row 0 for its last known token, then what was proposed
     * @throws SpillwayException when the logits are no numbers to choose by
     */
    int choose(final Flight f, final int index, final int row) {
        final StepSequence sequence = f.sequences[index];
        final int wanted = f.firstWanted[index] + row;
        if (f.isChosenOnDevice[index]) {
            final int token = tokens.token(f, wanted);
            if (token == SamplingCall.NO_TOKEN) {
                throw new SpillwayException(ErrorCode.INTERNAL, "the model computed logits that no token can be chosen by");
            }
            f.choose(index, token, sequence.sampling().wantsLogprobs() ? tokens.logprob(f, wanted, sequence.sampling().topLogprobs()) : null);
            return token;
        }
        final float[] from = logits.row(f, wanted);
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
