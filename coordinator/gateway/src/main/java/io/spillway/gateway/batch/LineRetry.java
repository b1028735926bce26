package io.spillway.gateway.batch;

import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.json.Json;

/** Whether a line is asked again. Stateless; any thread. */
final class LineRetry {
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int CANCELLED = 499;
    private static final int UNAVAILABLE = 503;
    private static final int SERVER_ERROR_MIN = 500;
    private static final int FAULTS_MAX = 3;
    private static final int DOUBLINGS_MAX = 6;

    private LineRetry() {
    }

    /**
     * What only lacked capacity is asked until the batch's time is over; what failed on its own is asked a few times.
     *
     * @param attempts so far
     */
    static boolean again(final HttpAnswer answer, final int attempts) {
        if (answer.status() == TOO_MANY_REQUESTS || answer.status() == CANCELLED) {
            return true;
        }
        if (answer.status() == UNAVAILABLE && !invalidOutput(answer)) {
            return true;
        }
        return answer.status() >= SERVER_ERROR_MIN && attempts < FAULTS_MAX;
    }

    private static boolean invalidOutput(final HttpAnswer answer) {
        try {
            return Json.parse(answer.body()).path("error").path("code").asText("").equals("invalid_output");
        } catch (final SpillwayException e) {
            return false;
        }
    }

    static long waitNanos(final BatchLimits limits, final int attempts) {
        return limits.retryNanos() << Math.min(DOUBLINGS_MAX, attempts - 1);
    }
}
