package io.spillway.node.engine;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Usage;

/**
 * Tells listeners what happens to their requests; the last event exactly once. A listener that throws is counted and
 * does no more harm than that. Thread: the engine's.
 */
final class Emitter {
    private final LiveRequests liveRequests;
    private final Tally tally;

    Emitter(final LiveRequests liveRequests, final Tally tally) {
        this.liveRequests = liveRequests;
        this.tally = tally;
    }

    /** @return false when the listener threw: its request should end */
    boolean emit(final LiveRequest live, final GenerationEvent event) {
        try {
            live.listener().accept(event);
            return true;
        } catch (final RuntimeException e) {
            tally.listenerErrors++; // the listener's defect; its request ends, the engine goes on
            return false;
        }
    }

    void finish(final Sequence sequence, final FinishReason reason) {
        final int promptTokens = sequence.request().promptTokens().length;
        final PrefillSources sources = sequence.sources().sources(sequence.request().knownTokens());
        final int cachedTokens = Math.min(sources.cachedTokens(), promptTokens);
        final Usage usage = new Usage(promptTokens, cachedTokens, sequence.outputTokens(), sources);
        tally.finished++;
        last(sequence.live(), new GenerationEvent.Finished(reason, usage));
    }

    void fail(final LiveRequest live, final ErrorCode code, final String detail) {
        if (code == ErrorCode.CANCELLED) {
            tally.cancelled++;
        } else {
            tally.failed++;
        }
        last(live, new GenerationEvent.Failed(code, detail));
    }

    private void last(final LiveRequest live, final GenerationEvent event) {
        if (live.end()) {
            liveRequests.leave(live);
            emit(live, event);
        }
    }
}
