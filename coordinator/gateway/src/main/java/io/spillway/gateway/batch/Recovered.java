package io.spillway.gateway.batch;

import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.batch.BatchWork;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * What those who worked on a batch before have left.
 *
 * @param accounted lines that are accounted for
 * @param whole     whether all that is accounted for is there; if not, results are lost
 * @param givenUp   whether lines were given up
 * @param salvage   results on the disk that were not accounted for, of other lines: they need not run again
 */
record Recovered(BitSet accounted, boolean whole, boolean givenUp, List<LineResult> salvage) {
    /** Reads all segments older than the job's own claim. */
    static Recovered of(final Workplace place, final BatchJob job) throws IOException {
        final BitSet accounted = new BitSet();
        final List<LineResult> beyond = new ArrayList<>();
        boolean whole = true;
        boolean givenUp = false;
        for (long epoch = 1; epoch < job.work().epoch(); epoch++) {
            final int counts = job.work().accounted(epoch);
            int records = 0;
            try (Segment.Reading reading = new Segment.Reading(place.segment(job.id(), epoch))) {
                for (Optional<LineResult> next = reading.next(); next.isPresent(); next = reading.next()) {
                    if (records++ < counts) {
                        accounted.set(next.get().line());
                        givenUp |= next.get().kind() == LineResult.Kind.GIVEN_UP;
                    } else {
                        beyond.add(next.get());
                    }
                }
            }
            whole &= records >= counts;
        }
        return new Recovered(accounted, whole && accounted.cardinality() == job.work().accounted(), givenUp,
            salvage(accounted, beyond, job));
    }

    private static List<LineResult> salvage(final BitSet accounted, final List<LineResult> beyond, final BatchJob job) {
        final BitSet taken = (BitSet) accounted.clone();
        final List<LineResult> salvage = new ArrayList<>();
        for (final LineResult result : beyond) {
            // What was given up is decided anew: the batch may have been cancelled since.
            if (result.kind() != LineResult.Kind.GIVEN_UP && result.line() < job.lines() && !taken.get(result.line())) {
                taken.set(result.line());
                salvage.add(result);
            }
        }
        return salvage;
    }

    /** Where the result of every accounted line stands: {@code positions[line]} in the segment of claim {@code epochs[line]}. */
    record Places(long[] epochs, long[] positions) {
        static Places of(final Workplace place, final BatchJob job) throws IOException {
            final Places places = new Places(new long[job.lines()], new long[job.lines()]);
            for (final BatchWork.Segment segment : job.work().segments()) {
                try (Segment.Reading reading = new Segment.Reading(place.segment(job.id(), segment.epoch()))) {
                    for (int i = 0; i < segment.records(); i++) {
                        final long position = reading.position();
                        final LineResult result = reading.next().orElseThrow(() ->
                            new IOException("results of " + job.id() + " that were accounted for are gone"));
                        places.epochs[result.line()] = segment.epoch();
                        places.positions[result.line()] = position;
                    }
                }
            }
            return places;
        }
    }
}
