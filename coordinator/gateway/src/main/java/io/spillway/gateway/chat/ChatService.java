package io.spillway.gateway.chat;

import static java.util.Objects.requireNonNull;

import io.spillway.coordinator.admission.RequestLine;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.Usage;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.prefix.PromptMemory;
import io.spillway.gateway.runs.AgentRuns;
import io.spillway.gateway.runs.OpenStep;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongBiFunction;
import java.util.random.RandomGenerator;

/** Answers chat and completion requests of every protocol. Any thread. */
public final class ChatService {
    /** What prompts that were seen lately may take. */
    private static final long PROMPT_BYTES_MAX = 64L << 20;

    private final Parts parts;
    private final Limits limits;
    /** Models seen so far: while the last node of one is gone, its requests may still wait for the next. */
    private final Map<ModelId, ModelDescriptor> seen = new ConcurrentHashMap<>();
    private final Grammars grammars = new Grammars();
    private final ReentrantLock randomLock = new ReentrantLock();

    /**
     * What the service works with.
     *
     * @param view   newest cluster state
     * @param models text side of every model this process can speak for
     * @param tariff cost of one choice in nano dollars
     * @param random seeds of requests that bring none; used by one thread at a time
     * @param soft   what is remembered between requests
     */
    public record Parts(
        Supplier<ClusterView> view, Function<ModelId, Optional<ChatModel>> models, RequestLine line,
        ToLongBiFunction<ModelId, Usage> tariff, ChatObserver observer, RandomGenerator random, NanoClock clock, Soft soft) {
        /** Remembering the usual. */
        public Parts(
            final Supplier<ClusterView> view, final Function<ModelId, Optional<ChatModel>> models, final RequestLine line,
            final ToLongBiFunction<ModelId, Usage> tariff, final ChatObserver observer, final RandomGenerator random, final NanoClock clock) {
            this(view, models, line, tariff, observer, random, clock, Soft.usual(EpochClock.SYSTEM));
        }

        public Parts {
            requireNonNull(view, "view");
            requireNonNull(models, "models");
            requireNonNull(line, "line");
            requireNonNull(tariff, "tariff");
            requireNonNull(observer, "observer");
            requireNonNull(random, "random");
            requireNonNull(clock, "clock");
            requireNonNull(soft, "soft");
        }

        /** @throws io.spillway.domain.error.SpillwayException as {@link RateLimits#admit} */
        RateLimits.State admit(final TenantId tenant) {
            final ClusterView.UsageTotals spent = view.get().usage().get(tenant);
            return soft.rates().admit(tenant, spent == null ? 0 : spent.costNanoDollars());
        }

        /**
         * Holds a step to what its run may take, unless it had begun elsewhere. What other steps of the run, still under way, will have cost
         * is not known yet.
         *
         * @throws io.spillway.domain.error.SpillwayException {@code QUOTA_EXCEEDED} naming the limit
         */
        void checkTerms(final ChatRequest request, final OpenStep step) {
            if (request.options().emittedTokens().length > 0) {
                return;
            }
            final ClusterView.UsageTotals charged = view.get().runs().get(new ClusterView.RunKey(request.tenant(), step.run().value()));
            RunBounds.check(request.options().context().terms(), step, Optional.ofNullable(charged));
        }

        /** Counts what had to be computed. */
        void settle(final TenantId tenant, final Usage usage) {
            soft.rates().settle(tenant, usage.promptTokens() - usage.cachedTokens() + (long) usage.outputTokens());
        }
    }

    /** What this process remembers between requests; all of it can be lost. */
    public record Soft(AgentRuns runs, PromptMemory prompts, RateLimits rates, EpochClock clock) {
        /** @return memories of the usual size, and no limits */
        public static Soft usual(final EpochClock clock) {
            return new Soft(new AgentRuns(AgentRuns.Limits.USUAL), new PromptMemory(PROMPT_BYTES_MAX),
                new RateLimits(RateLimits.Limits.NONE, NanoClock.SYSTEM), clock);
        }

        /** @return the same with those limits */
        public Soft with(final RateLimits newRates) {
            return new Soft(runs, prompts, newRates, clock);
        }
    }

    /**
     * Bounds of one call.
     *
     * @param mailboxEvents events that may wait for a slow listener; one more ends the request
     * @param quietNanos    the listener hears {@code quiet} this often
     */
    public record Limits(int mailboxEvents, long quietNanos) {
        /** 16,384 events, 15 seconds. */
        public static final Limits USUAL = new Limits(16_384, 15_000_000_000L);

        public Limits {
            if (mailboxEvents < 1 || quietNanos < 1) {
                throw new IllegalArgumentException("mailboxEvents and quietNanos must be positive");
            }
        }
    }

    public ChatService(final Parts parts, final Limits limits) {
        this.parts = requireNonNull(parts, "parts");
        this.limits = requireNonNull(limits, "limits");
    }

    /** @return the request, ready to be run by a thread of the caller's: {@link ChatCall#run} */
    public ChatCall call(final ChatRequest request, final ChatListener listener) {
        return new ChatCall(request, listener, new ChatPlanner(parts, seen, this::randomSeed, grammars), parts, limits);
    }

    /** Runs the request on a virtual thread of its own; the listener is called there. */
    public ChatCall start(final ChatRequest request, final ChatListener listener) {
        final ChatCall call = call(request, listener);
        Thread.ofVirtual().name("chat-" + request.id()).start(call::run);
        return call;
    }

    /** @return the request, ready to be run by a thread of the caller's: {@link EmbeddingCall#run} */
    public EmbeddingCall embed(final EmbeddingRequest request) {
        return new EmbeddingCall(request, parts, seen);
    }

    /**
     * @return the tokens that the request's first prompt becomes: as many as its usage would say, more than the context may be
     * @throws io.spillway.domain.error.SpillwayException when the request cannot be served as it stands
     */
    public int[] promptTokens(final ChatRequest request) {
        return new ChatPlanner(parts, seen, this::randomSeed, grammars).tokens(request);
    }

    /**
     * @return most tokens of prompt and output together
     * @throws io.spillway.domain.error.SpillwayException {@code MODEL_NOT_FOUND}, {@code NO_NODE}
     */
    public int contextTokens(final ModelId model, final TenantId tenant) {
        return ModelSetting.find(parts, seen, model, tenant).descriptor().contextTokens();
    }

    private long randomSeed() {
        randomLock.lock();
        try {
            return parts.random().nextLong();
        } finally {
            randomLock.unlock();
        }
    }
}
