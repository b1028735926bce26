package io.spillway.domain.time;

/** Monotonic time for deadlines and durations. Compare by subtraction: {@code deadlineNanos - nowNanos < 0} is late. */
@FunctionalInterface
public interface NanoClock {
    /** The machine's monotonic clock. */
    NanoClock SYSTEM = System::nanoTime;

    /** @return nanoseconds since an arbitrary origin */
    long nanoTime();
}
