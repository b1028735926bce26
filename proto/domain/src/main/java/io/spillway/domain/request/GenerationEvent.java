package io.spillway.domain.request;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import java.util.List;

/**
 * What happens to a request, in order: {@code Started? TokenDelta* (Finished | Failed)}, or for a request with pooling
 * {@code Started? Embedded (Finished | Failed)}. The last comes exactly once.
 */
public sealed interface GenerationEvent {
    /** Prefill begins (or a failed-over request begins again, elsewhere); where its prefix came from. */
    record Started(PrefillSources sources) implements GenerationEvent {
        public Started {
            requireNonNull(sources, "sources");
        }
    }

    /**
     * New output tokens.
     *
     * @param firstIndex output position of {@code tokens[0]}, from 0: receivers drop what they already have
     * @param logprobs   empty, or one per token
     */
    record TokenDelta(int firstIndex, int[] tokens, List<TokenLogprob> logprobs) implements GenerationEvent {
        public TokenDelta {
            logprobs = List.copyOf(logprobs);
            if (!logprobs.isEmpty() && logprobs.size() != tokens.length) {
                throw new IllegalArgumentException(logprobs.size() + " logprobs for " + tokens.length + " tokens");
            }
        }
    }

    /**
     * The prompt as a vector; comes again, the same, when the request was failed over behind it.
     *
     * @param vector of length 1; handed over
     */
    record Embedded(float[] vector) implements GenerationEvent {
        public Embedded {
            requireNonNull(vector, "vector");
        }
    }

    /** The output is complete. */
    record Finished(FinishReason reason, Usage usage) implements GenerationEvent {
        public Finished {
            requireNonNull(reason, "reason");
            requireNonNull(usage, "usage");
        }
    }

    /** The request ended without completing; {@code CANCELLED} when the caller asked for that. */
    record Failed(ErrorCode code, String detail) implements GenerationEvent {
        public Failed {
            requireNonNull(code, "code");
            requireNonNull(detail, "detail");
        }
    }
}
