package io.spillway.coordinator.batch;

/** When a batch became what it is, by the leader's clock, in milliseconds since 1970; 0 = it has not (yet). */
public record BatchTimes(
    long createdMillis, long expiresMillis, long inProgressMillis, long finalizingMillis, long cancellingMillis,
    long endedMillis) {

    static BatchTimes created(final long nowMillis, final long windowMillis) {
        final long expires = nowMillis > Long.MAX_VALUE - windowMillis ? Long.MAX_VALUE : nowMillis + windowMillis;
        return new BatchTimes(nowMillis, expires, 0, 0, 0, 0);
    }

    BatchTimes inProgress(final long nowMillis) {
        return new BatchTimes(createdMillis, expiresMillis, nowMillis, finalizingMillis, cancellingMillis, endedMillis);
    }

    BatchTimes finalizing(final long nowMillis) {
        return new BatchTimes(createdMillis, expiresMillis, inProgressMillis, nowMillis, cancellingMillis, endedMillis);
    }

    BatchTimes cancelling(final long nowMillis) {
        return new BatchTimes(createdMillis, expiresMillis, inProgressMillis, finalizingMillis, nowMillis, endedMillis);
    }

    BatchTimes ended(final long nowMillis) {
        return new BatchTimes(
            createdMillis, expiresMillis, inProgressMillis, finalizingMillis, cancellingMillis, nowMillis);
    }
}
