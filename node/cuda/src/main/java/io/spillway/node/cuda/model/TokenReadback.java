package io.spillway.node.cuda.model;

import io.spillway.domain.request.TokenLogprob;
import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.SamplingCall;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Tokens that the device has chosen, and their log probabilities, on their way to the host. Single writer: the engine thread. */
final class TokenReadback {
    private final Device device;
    private final SamplingLaunches sampling;
    private final int rowsMax;
    private final Map<Flight, Piece> pieces = new HashMap<>();

    /** Pinned memory of a step in flight. */
    private record Piece(MemorySegment tokens, MemorySegment chosen, MemorySegment topCounts, MemorySegment topTokens, MemorySegment topLogprobs) {
        static Piece of(final Device device, final int rows) {
            final long listed = (long) rows * SamplingCall.TOP_LOGPROBS_MAX;
            return new Piece(device.pinned((long) Integer.BYTES * rows), device.pinned((long) Float.BYTES * rows), device.pinned((long) Integer.BYTES * rows),
                device.pinned(Integer.BYTES * listed), device.pinned(Float.BYTES * listed));
        }
    }

    /** @param rowsMax rows of a step, at most */
    TokenReadback(final Device device, final SamplingLaunches sampling, final int rowsMax) {
        this.device = device;
        this.sampling = sampling;
        this.rowsMax = rowsMax;
    }

    /** Asks for all that the step chose. */
    void read(final Flight f) {
        if (!f.output.isChosen()) {
            return;
        }
        final Piece piece = pieces.computeIfAbsent(f, any -> Piece.of(device, rowsMax));
        final long four = 4L * f.wantedCount;
        device.toHost(sampling.tokens(), piece.tokens.asSlice(0, four));
        if (f.output == StepShape.Output.WITH_LOGPROBS) {
            final SamplingLaunches.Logprobs from = sampling.logprobs();
            device.toHost(from.chosen(), piece.chosen.asSlice(0, four));
            device.toHost(from.topCounts(), piece.topCounts.asSlice(0, four));
            device.toHost(from.topTokens(), piece.topTokens.asSlice(0, four * SamplingCall.TOP_LOGPROBS_MAX));
            device.toHost(from.topLogprobs(), piece.topLogprobs.asSlice(0, four * SamplingCall.TOP_LOGPROBS_MAX));
        }
    }

    /** @return what was chosen at a wanted row, when the step has ended */
    int token(final Flight f, final int wanted) {
        return pieces.get(f).tokens.getAtIndex(ValueLayout.JAVA_INT, wanted);
    }

    /** @return its log probability, with those of the likeliest. @param top how many of them */
    TokenLogprob logprob(final Flight f, final int wanted, final int top) {
        final Piece piece = pieces.get(f);
        final int count = Math.min(top, piece.topCounts.getAtIndex(ValueLayout.JAVA_INT, wanted));
        final List<TokenLogprob.Alternative> alternatives = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            final long at = (long) wanted * SamplingCall.TOP_LOGPROBS_MAX + i;
            alternatives.add(new TokenLogprob.Alternative(piece.topTokens.getAtIndex(ValueLayout.JAVA_INT, at), piece.topLogprobs.getAtIndex(ValueLayout.JAVA_FLOAT, at)));
        }
        return new TokenLogprob(token(f, wanted), piece.chosen.getAtIndex(ValueLayout.JAVA_FLOAT, wanted), alternatives);
    }
}
