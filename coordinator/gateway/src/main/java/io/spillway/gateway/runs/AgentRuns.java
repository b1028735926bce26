package io.spillway.gateway.runs;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.request.AgentStep;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The runs that this replica has heard of lately. Whoever names no run belongs to the one whose step it goes on from: by the name of that
 * step, or because its conversation begins with that step's tokens. Any thread.
 */
public final class AgentRuns {
    private final Limits limits;
    private final ReentrantLock lock = new ReentrantLock();
    private final LivePrefixes prefixes;
    private final Map<RunKey, Run> runs;
    private final Map<StepKey, RunKey> runsOfSteps;

    /**
     * How much is remembered.
     *
     * @param runs        latest runs
     * @param stepsPerRun latest steps of each; sums go on
     * @param prefixes    latest ends of conversations, at most two of a choice
     */
    public record Limits(int runs, int stepsPerRun, int prefixes) {
        /** At most some tens of megabytes. */
        public static final Limits USUAL = new Limits(2048, 128, 16_384);

        public Limits {
            if (Math.min(runs, Math.min(stepsPerRun, prefixes)) < 1) {
                throw new IllegalArgumentException("every limit must be positive");
            }
        }
    }

    /** A run of a tenant. */
    public record RunKey(TenantId tenant, RunId run) {
        public RunKey {
            requireNonNull(tenant, "tenant");
            requireNonNull(run, "run");
        }
    }

    /** A step of a tenant. */
    private record StepKey(TenantId tenant, String step) {
    }

    /**
     * A step that begins.
     *
     * @param run   as the client names it
     * @param agent as the client describes it; {@code step} is its name
     * @param promisedGapMillis as {@link RunStep#promisedGapMillis}
     */
    public record Beginning(
        TenantId tenant, Optional<RunId> run, AgentStep agent, String model, long nowMillis, long promisedGapMillis, int retries) {
    }

    /**
     * The tokens of a prompt.
     *
     * @param root  what the first block's hash follows
     * @param chain hashes of the full blocks
     */
    public record PromptTokens(BlockHash root, List<BlockHash> chain, int[] tokens, int blockTokens) {
        private LivePrefixes.Sequence sequence() {
            return new LivePrefixes.Sequence(root, chain, tokens, blockTokens);
        }

        private LivePrefixes.Sequence with(final int[] output) {
            final int[] all = java.util.Arrays.copyOf(tokens, tokens.length + output.length);
            System.arraycopy(output, 0, all, tokens.length, output.length);
            final int known = chain.size() * blockTokens;
            final List<BlockHash> longer = new ArrayList<>(chain);
            longer.addAll(BlockHasher.chain(chain.isEmpty() ? root : chain.getLast(), all, known, all.length, blockTokens));
            return new LivePrefixes.Sequence(root, longer, all, blockTokens);
        }
    }

    /**
     * A run's sums, those of steps that are no longer listed too.
     *
     * @param steps latest, the oldest first
     */
    public record Ledger(
        RunId run, long stepCount, long promptTokens, long cachedTokens, long outputTokens, long costNanoDollars, List<RunStep> steps) {
        public Ledger {
            steps = List.copyOf(steps);
        }
    }

    public AgentRuns(final Limits limits) {
        this.limits = requireNonNull(limits, "limits");
        this.prefixes = new LivePrefixes(limits.prefixes());
        this.runs = bounded(limits.runs());
        this.runsOfSteps = bounded(limits.prefixes());
    }

    private static <K, V> Map<K, V> bounded(final int max) {
        return new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(final Map.Entry<K, V> eldest) {
                return size() > max;
            }
        };
    }

    /**
     * Finds a step's place.
     *
     * @param prompt its tokens, when it is a conversation of one prompt
     */
    public OpenStep begin(final Beginning beginning, final Optional<PromptTokens> prompt) {
        lock.lock();
        try {
            final Optional<LivePrefixes.Match> match = prompt.map(PromptTokens::sequence).flatMap(prefixes::find);
            final String parent = beginning.agent().parentStep().isEmpty()
                ? match.map(LivePrefixes.Match::step).orElse("") : beginning.agent().parentStep();
            final Optional<RunKey> known = beginning.run().map(run -> new RunKey(beginning.tenant(), run))
                .or(() -> Optional.ofNullable(runsOfSteps.get(new StepKey(beginning.tenant(), parent))))
                .or(() -> match.map(LivePrefixes.Match::run));
            final String step = beginning.agent().step();
            final RunKey key = known.orElseGet(() -> new RunKey(beginning.tenant(), chain(step)));
            final Run run = runs.computeIfAbsent(key, any -> new Run(limits.stepsPerRun()));
            runsOfSteps.put(new StepKey(beginning.tenant(), step), key);
            final RunStep begun = run.begin(beginning, parent);
            return new OpenStep(this, key, begun, prompt, known.isPresent(), run.sums(key.run(), List.of()));
        } finally {
            lock.unlock();
        }
    }

    /** A chain that nobody named is called after its first step. */
    private static RunId chain(final String step) {
        final String name = "chain-" + step;
        return new RunId(name.substring(0, Math.min(name.length(), AgentStep.CHARS_MAX)));
    }

    /** @param outputs the tokens of each choice */
    void end(final OpenStep open, final RunStep.Consumed consumed, final List<int[]> outputs) {
        final boolean complete = consumed.failure().isEmpty();
        // Hashing takes time in which others may look.
        final List<LivePrefixes.Sequence> answers = complete && open.prompt().isPresent()
            ? outputs.stream().filter(output -> output.length > 0).map(open.prompt().get()::with).toList() : List.of();
        lock.lock();
        try {
            final Run run = runs.get(open.key());
            if (run != null) {
                run.end(open.step(), consumed, open.step().beganMillis() + consumed.durationMillis());
            }
            if (complete && open.prompt().isPresent()) {
                prefixes.add(open.prompt().get().sequence(), new LivePrefixes.Match(open.key(), open.step().id(), false));
            }
            answers.forEach(answer -> prefixes.add(answer, new LivePrefixes.Match(open.key(), open.step().id(), true)));
        } finally {
            lock.unlock();
        }
    }

    /**
     * A run, for a list of them.
     *
     * @param ledger      sums, without steps
     * @param openSteps   steps that have not ended
     * @param beganMillis of its first step, since 1970
     * @param heardMillis when a step last began or ended, since 1970
     */
    public record Heard(RunKey key, Ledger ledger, int openSteps, long beganMillis, long heardMillis) {
    }

    /** @return the runs heard of last, the latest first; at most {@code max} */
    public List<Heard> recent(final int max) {
        lock.lock();
        try {
            return runs.entrySet().stream().map(entry -> entry.getValue().heard(entry.getKey()))
                .sorted(Comparator.comparingLong(Heard::heardMillis).reversed()).limit(max).toList();
        } finally {
            lock.unlock();
        }
    }

    /** @return a run as far as it is remembered here */
    public Optional<Ledger> ledger(final RunKey key) {
        lock.lock();
        try {
            final Run run = runs.get(key);
            return Optional.ofNullable(run).map(known -> known.sums(key.run(), known.steps()));
        } finally {
            lock.unlock();
        }
    }
}
