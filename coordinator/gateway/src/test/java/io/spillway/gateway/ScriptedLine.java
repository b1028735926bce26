package io.spillway.gateway;

import io.spillway.coordinator.admission.RequestLine;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.domain.request.Usage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;

/** A request line that plays what a test wrote. Each submission plays on a thread of its own. */
final class ScriptedLine implements RequestLine {
    final List<GenerationRequest> requests = new CopyOnWriteArrayList<>();
    final AtomicInteger cancels = new AtomicInteger();
    /** Submissions that have not ended. */
    final AtomicInteger running = new AtomicInteger();
    final CountDownLatch cancelled = new CountDownLatch(1);
    volatile Function<GenerationRequest, Float> logprob = request -> -0.5f;
    volatile Function<GenerationRequest, float[]> vector = request -> new float[] {0.6f, 0f, 0.8f};
    volatile Function<GenerationRequest, Script> script = request -> Script.of("hello");

    /**
     * What to play.
     *
     * @param failure when not null, how it ends after the tokens
     * @param hang    whether it never ends by itself
     */
    record Script(int[] tokens, int tokensPerDelta, ErrorCode failure, boolean hang) {
        static Script of(final String text) {
            return new Script(ByteModel.bytes(text), 1, null, false);
        }

        Script failing(final ErrorCode code) {
            return new Script(tokens, tokensPerDelta, code, false);
        }

        Script hanging() {
            return new Script(tokens, tokensPerDelta, null, true);
        }

        Script by(final int tokensTogether) {
            return new Script(tokens, tokensTogether, failure, hang);
        }
    }

    void play(final String text) {
        script = request -> Script.of(text);
    }

    @Override
    public Submission submit(final GenerationRequest request, final Consumer<GenerationEvent> listener) {
        requests.add(request);
        running.incrementAndGet();
        final Playing playing = new Playing(request, script.apply(request), listener);
        Thread.ofVirtual().start(playing::run);
        return playing;
    }

    static PrefillSources sources(final GenerationRequest request) {
        final int known = request.knownTokens();
        return new PrefillSources(known / 2, 0, 0, 0, known - known / 2);
    }

    /** One submission. */
    private final class Playing implements Submission {
        private final GenerationRequest request;
        private final Script script;
        private final Consumer<GenerationEvent> listener;
        private final CountDownLatch stop = new CountDownLatch(1);
        private boolean ended;

        Playing(final GenerationRequest request, final Script script, final Consumer<GenerationEvent> listener) {
            this.request = request;
            this.script = script;
            this.listener = listener;
        }

        void run() {
            final int available = request.emittedTokens().length + script.tokens.length;
            final int end = Math.min(available, request.outputTokensMax());
            tell(new GenerationEvent.Started(sources(request)));
            if (request.pooling().isPresent()) {
                embed();
                return;
            }
            int next = request.emittedTokens().length;
            final int base = next;
            while (next < end && stop.getCount() > 0) {
                final int count = Math.min(script.tokensPerDelta, end - next);
                final int[] tokens = Arrays.copyOfRange(script.tokens, next - base, next - base + count);
                tell(new GenerationEvent.TokenDelta(next, tokens, logprobs(tokens)));
                next += count;
            }
            finish(next, end < available || next == request.outputTokensMax());
        }

        private void embed() {
            if (script.failure == null) {
                tell(new GenerationEvent.Embedded(vector.apply(request)));
            }
            final int end = request.promptTokens().length;
            if (script.hang || script.failure != null) {
                finish(0, false);
            } else {
                tell(new GenerationEvent.Finished(
                    FinishReason.STOP, new Usage(end, sources(request).cachedTokens(), 0, sources(request))));
            }
        }

        private void finish(final int outputTokens, final boolean length) {
            if (script.hang) {
                try {
                    stop.await();
                } catch (final InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            if (stop.getCount() == 0) {
                tell(new GenerationEvent.Failed(ErrorCode.CANCELLED, "cancelled"));
            } else if (script.failure != null) {
                tell(new GenerationEvent.Failed(script.failure, "scripted failure"));
            } else {
                final int prompt = request.promptTokens().length;
                tell(new GenerationEvent.Finished(length ? FinishReason.LENGTH : FinishReason.STOP,
                    new Usage(prompt, Math.min(prompt, sources(request).cachedTokens()), outputTokens, sources(request))));
            }
        }

        private List<TokenLogprob> logprobs(final int[] tokens) {
            final List<TokenLogprob> logprobs = new ArrayList<>();
            final int top = request.sampling().topLogprobs();
            for (final int token : tokens) {
                if (top >= 0) {
                    logprobs.add(new TokenLogprob(token, logprob.apply(request), top == 0 ? List.of() : List.of(
                        new TokenLogprob.Alternative(token, -0.5f),
                        new TokenLogprob.Alternative(0xe4, Float.NEGATIVE_INFINITY)).subList(0, Math.min(top, 2))));
                }
            }
            return logprobs;
        }

        private synchronized void tell(final GenerationEvent event) {
            if (!ended) {
                ended = event instanceof GenerationEvent.Finished || event instanceof GenerationEvent.Failed;
                listener.accept(event);
                if (ended) {
                    running.decrementAndGet();
                }
            }
        }

        @Override
        public void cancel() {
            synchronized (this) {
                if (ended) {
                    return;
                }
            }
            cancels.incrementAndGet();
            stop.countDown();
            cancelled.countDown();
        }

        @Override
        public String placement() {
            return "node-1: half of the prefix is on its device";
        }
    }
}
