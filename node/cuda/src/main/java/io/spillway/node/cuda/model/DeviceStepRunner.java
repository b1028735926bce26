package io.spillway.node.cuda.model;

import io.spillway.domain.error.SpillwayException;
import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.RowCall;
import io.spillway.node.runner.HiddenPool;
import io.spillway.node.runner.StepOutcomes;
import io.spillway.node.runner.StepRunner;
import io.spillway.node.runner.StepSequence;
import java.util.ArrayDeque;

/**
 * Runs steps on a device. While one runs, the next may be given; what the device can choose by itself it chooses, and goes on with it; the rest is
 * chosen by the host from logits that it reads back. The host waits once a step, in {@link #await}. Single writer: the engine thread.
 */
final class DeviceStepRunner implements StepRunner {
    private final Device device;
    private final DeviceDecoder decoder;
    private final Chooser chooser;
    private final HiddenReadback hidden;
    private final Flight[] flights = new Flight[DeviceDecoder.STEPS_UNDER_WAY_MAX];
    private final ArrayDeque<Flight> underWay = new ArrayDeque<>();
    private Flight next;

    /** @param choosesOnDevice false: the host chooses every token, and no step runs ahead */
    DeviceStepRunner(final Device device, final DeviceDecoder decoder, final Limits limits, final boolean choosesOnDevice) {
        this.device = device;
        this.decoder = decoder;
        for (int i = 0; i < flights.length; i++) {
            flights[i] = new Flight(limits);
        }
        chooser = new Chooser(device, decoder, limits, choosesOnDevice);
        hidden = new HiddenReadback(device, decoder);
        next = flights[0];
    }

    @Override
    public void begin() {
        device.bind();
        if (underWay.size() == flights.length) {
            throw new IllegalStateException("as many steps are under way as there may be");
        }
        next = flights[0] == underWay.peekLast() || flights[0] == underWay.peekFirst() ? flights[1] : flights[0];
        next.clear();
    }

    @Override
    public void add(final StepSequence sequence, final int tokenCount, final int[] guess, final int guessCount) {
        final Flight f = next;
        final int from = sequence.computedTokens();
        final int to = from + tokenCount;
        final HiddenPool pool = sequence.pool();
        if (pool != null && (pool.wantsEveryRow() || to == sequence.knownTokens())) {
            addPooled(sequence, tokenCount);
            return;
        }
        f.owners[f.batch.beginSequence(sequence.blockTable())] = sequence;
        for (int position = from; position < to; position++) {
            f.batch.addRow(sequence.token(position), position);
        }
        f.wantsToken[f.count] = to == sequence.knownTokens();
        if (!f.wantsToken[f.count] && guessCount > 0) {
            throw new IllegalArgumentException("tokens are proposed before the last known one is computed");
        }
        f.firstWanted[f.count] = f.wantedCount;
        if (f.wantsToken[f.count]) {
            want(f);
        }
        for (int i = 0; i < guessCount; i++) {
            f.batch.addRow(guess[i], to + i);
            want(f);
        }
        f.proposed[f.count] = guess;
        f.proposedCount[f.count] = guessCount;
        f.sequences[f.count++] = sequence;
    }

    private static void want(final Flight f) {
        f.batch.wantLogits();
        f.wantedCount++;
    }

    private void addPooled(final StepSequence sequence, final int tokenCount) {
        final Flight f = next;
        final int from = sequence.computedTokens();
        f.pooledOwners[f.pooled.beginSequence(sequence.blockTable())] = sequence;
        for (int position = from; position < from + tokenCount; position++) {
            f.pooled.addRow(sequence.token(position), position);
            if (sequence.pool().wantsEveryRow() || position == sequence.knownTokens() - 1) {
                f.pooled.wantLogits();
                f.pooledRows[f.count]++;
            }
        }
        f.sequences[f.count++] = sequence;
    }

    @Override
    public void addAhead(final StepSequence sequence, final int previousIndex) {
        final Flight f = next;
        f.owners[f.batch.beginSequence(sequence.blockTable())] = sequence;
        f.batch.addRow(RowCall.TakeTokens.NOT_KNOWN_YET, sequence.knownTokens());
        f.firstWanted[f.count] = f.wantedCount;
        want(f);
        f.wantsToken[f.count] = true;
        f.isAhead[f.count] = true;
        f.sequences[f.count++] = sequence;
    }

    @Override
    public void submit() {
        final Flight f = next;
        if (f.batch.rowCount() > 0) {
            decoder.submit(f.batch, f.owners, chooser.prepare(f));
            chooser.readBack(f);
        }
        if (f.pooled.rowCount() > 0) {
            hidden.submit(f);
        }
        f.mark = device.mark();
        underWay.add(f);
    }

    @Override
    public void drop(final int index) {
        underWay.peekFirst().isDropped[index] = true;
    }

    @Override
    public StepOutcomes await() {
        final Flight f = underWay.poll();
        if (f == null) {
            throw new IllegalStateException("no step is under way");
        }
        f.mark.await();
        hidden.give(f);
        f.beginOutcomes();
        for (int i = 0; i < f.count; i++) {
            f.beginOutcome(i);
            if (f.wantsToken[i] && !f.isDropped[i]) {
                verify(f, i);
            }
        }
        return f;
    }

    /** Takes row after row for as long as the choice is what the next row assumed. */
    private void verify(final Flight f, final int index) {
        for (int i = 0; i <= f.proposedCount[index]; i++) {
            final boolean goesOn;
            final int token;
            try {
                token = chooser.choose(f, index, i);
                goesOn = f.sequences[index].take(token);
            } catch (final SpillwayException e) {
                f.fail(index, e); // this row only: the others are sound
                return;
            }
            if (!goesOn || i == f.proposedCount[index] || token != f.proposed[index][i]) {
                return;
            }
            f.accept(index);
        }
    }

    @Override
    public boolean canRunAhead() {
        return chooser.canRunAhead();
    }

    @Override
    public boolean canRunAhead(final StepSequence sequence) {
        return chooser.canRunAhead(sequence);
    }
}
