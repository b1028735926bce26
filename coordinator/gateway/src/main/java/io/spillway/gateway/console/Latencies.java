package io.spillway.gateway.console;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.gateway.chat.ChatObserver;
import io.spillway.gateway.chat.ChatUsage;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/**
 * Times to first tokens and between tokens of all models, to be taken an interval at a time. To record one is wait-free, some tens of
 * nanoseconds. Recording: any thread; {@link #take}: one thread.
 */
final class Latencies implements ChatObserver {
    /** Microseconds; what takes longer counts as an hour. */
    private static final long MICROS_MAX = TimeUnit.HOURS.toMicros(1);
    /** A percent off at most. */
    private static final int DIGITS = 2;

    private final Recorder ttft = recorder();
    private final Recorder itl = recorder();

    /** What was recorded between two takes, in microseconds. */
    record Interval(Histogram ttft, Histogram itl) {
        static Interval empty() {
            return new Interval(new Histogram(1, MICROS_MAX, DIGITS), new Histogram(1, MICROS_MAX, DIGITS));
        }

        void add(final Interval other) {
            ttft.add(other.ttft);
            itl.add(other.itl);
        }
    }

    private static Recorder recorder() {
        return new Recorder(1, MICROS_MAX, DIGITS);
    }

    private static long micros(final long nanos) {
        return Math.clamp(TimeUnit.NANOSECONDS.toMicros(nanos), 0, MICROS_MAX);
    }

    @Override
    public void onFirstToken(final ModelId model, final long ttftNanos) {
        ttft.recordValue(micros(ttftNanos));
    }

    @Override
    public void onNextTokens(final ModelId model, final int tokens, final long nanosPerToken) {
        itl.recordValueWithCount(micros(nanosPerToken), tokens);
    }

    @Override
    public void onOverflow(final ModelId model) {
        // No latency.
    }

    @Override
    public void onEnd(final ModelId model, final ChatUsage usage, final Optional<ErrorCode> failure, final long nanos) {
        // The times that count were told before.
    }

    /** @return what was recorded since the last take */
    Interval take() {
        return new Interval(ttft.getIntervalHistogram(), itl.getIntervalHistogram());
    }
}
