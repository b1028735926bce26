package io.spillway.node.cuda.model;

import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.SamplingRow;
import io.spillway.node.runner.StepSequence;
import io.spillway.node.sampling.TokenConstraint;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/**
 * Masks and biases of a step's rows, and the scratch memory that such rows take. Two pinned pieces take turns. Single writer: the engine thread.
 */
final class ChoiceExtras {
    private static final int NONE = -1;

    private final Device device;
    private final SamplingLaunches sampling;
    private final long[] mask;
    private final MemorySegment[] masks = new MemorySegment[2];      // [SCRATCH_ROWS][words] longs
    private final MemorySegment[] biasTokens = new MemorySegment[2]; // [BIASES_MAX] ints
    private final MemorySegment[] biases = new MemorySegment[2];     // [BIASES_MAX] floats
    private final Device.Mark[] sent = new Device.Mark[2];
    private int turn;
    private int maskCount;
    private int biasCount;
    private int scratchCount;

    ChoiceExtras(final Device device, final SamplingLaunches sampling, final int vocabulary) {
        this.device = device;
        this.sampling = sampling;
        mask = new long[TokenConstraint.maskWords(vocabulary)];
        for (int i = 0; i < 2 && sampling.isPossible(); i++) {
            masks[i] = device.pinned((long) SamplingLaunches.SCRATCH_ROWS * mask.length * Long.BYTES);
            biasTokens[i] = device.pinned((long) SamplingLaunches.BIASES_MAX * Integer.BYTES);
            biases[i] = device.pinned((long) SamplingLaunches.BIASES_MAX * Float.BYTES);
        }
    }

    /** Begins a step. */
    void begin() {
        turn = 1 - turn;
        if (sent[turn] != null) {
            sent[turn].await();
            sent[turn] = null;
        }
        maskCount = 0;
        biasCount = 0;
        scratchCount = 0;
    }

    /** Takes scratch memory for a sequence, and notes its mask and biases. @return false: there is no room left, the host chooses */
    boolean take(final Flight f, final int index) {
        final StepSequence sequence = f.sequences[index];
        final Map<Integer, Float> bias = sequence.sampling().logitBias();
        if (scratchCount == SamplingLaunches.SCRATCH_ROWS || biasCount + bias.size() > SamplingLaunches.BIASES_MAX) {
            return false;
        }
        final boolean hasMask = sequence.constraint() != null;
        f.places[index] = new SamplingRow.Places(NONE, 0, hasMask ? maskCount : NONE, biasCount, scratchCount++, NONE);
        if (hasMask) {
            sequence.constraint().fillMask(mask);
            MemorySegment.copy(mask, 0, masks[turn], ValueLayout.JAVA_LONG, (long) maskCount++ * mask.length * Long.BYTES, mask.length);
        }
        bias.forEach((token, value) -> {
            biasTokens[turn].setAtIndex(ValueLayout.JAVA_INT, biasCount, token);
            biases[turn].setAtIndex(ValueLayout.JAVA_FLOAT, biasCount++, value);
        });
        return true;
    }

    /** Brings what was noted to the device. */
    void send() {
        if (maskCount > 0) {
            device.toDevice(masks[turn].asSlice(0, (long) maskCount * mask.length * Long.BYTES), sampling.extras().masks());
        }
        if (biasCount > 0) {
            device.toDevice(biasTokens[turn].asSlice(0, (long) biasCount * Integer.BYTES), sampling.extras().biasTokens());
            device.toDevice(biases[turn].asSlice(0, (long) biasCount * Float.BYTES), sampling.extras().biases());
        }
        if (maskCount + biasCount > 0) {
            sent[turn] = device.mark();
        }
    }
}
