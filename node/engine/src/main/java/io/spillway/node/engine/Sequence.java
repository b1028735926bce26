package io.spillway.node.engine;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import io.spillway.node.kvcache.BlockTable;
import io.spillway.node.kvcache.KvCache;
import io.spillway.node.runner.HiddenPool;
import io.spillway.node.sampling.TokenConstraint;
import io.spillway.node.sampling.TokenHistory;
import io.spillway.node.scheduler.ComeBack;
import io.spillway.node.scheduler.FairTicket;
import io.spillway.node.scheduler.OutputForecast;
import io.spillway.node.scheduler.Rank;
import io.spillway.node.scheduler.Schedulable;
import io.spillway.node.speculation.SpeculatedSequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A request's tokens on this node, and how far they are computed. Single writer: the engine thread. */
final class Sequence implements Schedulable, SpeculatedSequence {
    /** Where a sequence is; it ends from any of them. */
    enum Phase { QUEUED, LOOKING_UP, ONBOARDING, RUNNING }

    private final LiveRequest live;
    private final KvCache cache;
    private final Surroundings surroundings;
    private final BlockTable table = new BlockTable();
    private final List<BlockHash> chain;  // hash of every full block of the known tokens seen so far
    private final TokenHistory history;
    private final TokenSources sources = new TokenSources();
    private final TokenConstraint constraint; // behind the known tokens; null: none
    private final HiddenPool pool;        // null: it generates
    private final int outputTokensMax;    // of the request, cut where the context ends
    private int[] tokens;                 // [≥ knownTokens], prompt first
    private int knownTokens;
    private int computedTokens;           // those of steps under way included
    private int settledTokens;            // of them, those of steps that are over
    private int awaitedTokens;            // being chosen by steps under way
    private int stepIndex;                // in the step that was submitted last, while a token is awaited
    private Phase phase = Phase.QUEUED;
    private int attempt;
    private boolean started;
    private boolean deferred;
    private int expectedFoundTokens;
    private long storeDeadlineNanos;
    private boolean stopped;
    private FairTicket<Sequence> ticket;  // null until it queues
    private BlockHash tail;               // null until asked for
    private Rank rank;                    // null until it may be its turn

    /** What all sequences of an engine share. */
    record Surroundings(
        KvCache cache, OutputForecast forecast, LoadMeter meter, EngineConfig config, int hiddenSize) {
    }

    Sequence(final LiveRequest live, final List<BlockHash> chain, final Surroundings surroundings) {
        this.live = live;
        this.surroundings = surroundings;
        cache = surroundings.cache();
        this.constraint = live.constraint();
        this.chain = new ArrayList<>(chain);
        final GenerationRequest request = live.request();
        final int[] prompt = request.promptTokens();
        tokens = Arrays.copyOf(prompt, request.knownTokens() + 8);
        System.arraycopy(request.emittedTokens(), 0, tokens, prompt.length, request.emittedTokens().length);
        knownTokens = request.knownTokens();
        outputTokensMax = Math.min(request.outputTokensMax(), surroundings.config().contextTokens() - prompt.length);
        pool = request.pooling().map(how -> new HiddenPool(how, surroundings.hiddenSize())).orElse(null);
        history = new TokenHistory(request.sampling());
        history.addPrompt(prompt);
        for (final int token : request.emittedTokens()) {
            history.addOutput(token);
        }
    }

    LiveRequest live() {
        return live;
    }

    GenerationRequest request() {
        return live.request();
    }

    BlockTable table() {
        return table;
    }

    List<BlockHash> chain() {
        return chain;
    }

    TokenSources sources() {
        return sources;
    }

    Phase phase() {
        return phase;
    }

    void enter(final Phase next) {
        phase = next;
    }

    /** Goes up whenever the sequence is sent back to the queue: answers to older questions are not for it any more. */
    int attempt() {
        return attempt;
    }

    long storeDeadlineNanos() {
        return storeDeadlineNanos;
    }

    void waitForStoreUntil(final long deadlineNanos) {
        storeDeadlineNanos = deadlineNanos;
    }

    /** @return output tokens so far, those of earlier attempts included */
    int outputTokens() {
        return knownTokens - request().promptTokens().length;
    }

    boolean outputIsFull() {
        return outputTokens() >= outputTokensMax;
    }

    /** @return whether this call was the first */
    boolean markStarted() {
        final boolean isFirst = !started;
        started = true;
        return isFirst;
    }

    /** @return whether a stop token has been chosen: the output is complete */
    boolean stopped() {
        return stopped;
    }

    /** @return output tokens that may still come */
    int outputTokensLeft() {
        return outputTokensMax - outputTokens();
    }

    @Override
    public boolean take(final int token) {
        if (constraint != null && !constraint.advance(token)) {
            throw new SpillwayException(ErrorCode.INTERNAL, "token " + token + " was chosen against the output's constraint");
        }
        if (stopsAt(token)) {
            stopped = true;
            return false;
        }
        append(token);
        return !outputIsFull();
    }

    private void append(final int token) {
        if (knownTokens == tokens.length) {
            tokens = Arrays.copyOf(tokens, tokens.length + (tokens.length >> 1) + 1);
        }
        tokens[knownTokens++] = token;
        history.addOutput(token);
    }

    /** The KV of so many tokens is on the device. No step that it takes part in is under way. */
    void computedUpTo(final int newComputedTokens) {
        computedTokens = newComputedTokens;
        settledTokens = newComputedTokens;
    }

    /** Takes part in a step, as its {@code index}-th: its next {@code tokenCount} tokens are being computed. @return whether a token is chosen */
    boolean given(final int tokenCount, final int index) {
        computedTokens += tokenCount;
        stepIndex = index;
        final boolean chooses = pool == null && pendingTokens() == 0;
        awaitedTokens += chooses ? 1 : 0;
        return chooses;
    }

    /** A step is over that computed {@code tokenCount} of its tokens, and {@code acceptedTokens} more that had been guessed. */
    void settled(final int tokenCount, final int acceptedTokens, final boolean chosen) {
        computedTokens += acceptedTokens;
        settledTokens += tokenCount + acceptedTokens;
        awaitedTokens -= chosen ? 1 : 0;
    }

    /** @return whether a step under way chooses a token for it */
    boolean isChoosing() {
        return awaitedTokens > 0;
    }

    /** @return its index in the step that was submitted last; of one that is choosing */
    int stepIndex() {
        return stepIndex;
    }

    /** @return tokens whose KV is on the device, those of steps under way not counted */
    int settledTokens() {
        return settledTokens;
    }

    /** @return whether it probably goes on behind what steps under way choose */
    boolean goesOn() {
        return outputTokensLeft() > awaitedTokens;
    }

    /** Back to the queue: no blocks, nothing computed. The table must have been given back. */
    void requeue() {
        phase = Phase.QUEUED;
        attempt++;
        deferred = false;
        computedTokens = 0;
        settledTokens = 0;
        awaitedTokens = 0;
        sources.restart();
        if (pool != null) {
            pool.restart();
        }
    }

    /** @return hash of the full block {@code index}; computed from the known tokens if this is the first time */
    BlockHash hashOf(final int index, final int blockTokens) {
        while (chain.size() <= index) {
            final int next = chain.size();
            chain.add(BlockHasher.child(parentOf(next), tokens, next * blockTokens, blockTokens));
        }
        return chain.get(index);
    }

    /** Computes the hashes of all blocks that the known tokens fill. */
    void hashFullBlocks(final int blockTokens) {
        final int fullBlocks = knownTokens / blockTokens;
        if (fullBlocks > 0) {
            hashOf(fullBlocks - 1, blockTokens);
        }
    }

    /** @return hash before block {@code index} of the chain */
    BlockHash parentOf(final int index) {
        return index == 0 ? request().chainRoot() : chain.get(index - 1);
    }

    @Override
    public boolean stopsAt(final int token) {
        for (final int stop : request().stopTokens()) {
            if (stop == token) {
                return true;
            }
        }
        return false;
    }

    /** Notes what the device holds of it while it waits: an estimate for load reports. */
    void expectFound(final int tokens) {
        expectedFoundTokens = tokens;
    }

    int expectedPrefillTokens() {
        return Math.max(1, knownTokens - expectedFoundTokens);
    }

    /** Whether it leaves this step out because another sequence is computing its next block already. */
    void defer(final boolean isDeferred) {
        deferred = isDeferred;
    }

    @Override
    public HiddenPool pool() {
        return pool;
    }

    /** @return whether every token has to pass through the model here, wherever its KV may be found */
    boolean computesAll() {
        return pool != null && pool.wantsEveryRow();
    }

    /** @return whether it is to be embedded, and all it takes is gathered */
    boolean isEmbedded() {
        return pool != null && settledTokens == knownTokens;
    }

    /** @return whether all but the tail and the last token of the request is on the device, and the tail can be copied */
    boolean wantsTail(final int blockTokens) {
        return ready() && !computesAll() && knownTokens == request().knownTokens() && knownTokens % blockTokens > 1
            && pendingTokens() == knownTokens % blockTokens && heldBlocks() == table.published();
    }

    /** @return whether the tokens of the request behind its last full block are on the device, but for the last one at most */
    boolean hasTail(final int blockTokens) {
        final int requested = request().knownTokens();
        return requested % blockTokens > 1 && settledTokens >= requested - 1 && heldBlocks() > requested / blockTokens;
    }

    /** @return what two requests have in common whose tokens are the same up to the last one, which is not in it */
    BlockHash tail(final int blockTokens) {
        if (tail == null) {
            final int from = request().knownTokens() / blockTokens * blockTokens;
            tail = BlockHasher.child(
                parentOf(from / blockTokens), tokens, from, request().knownTokens() - 1 - from);
        }
        return tail;
    }

    /** Its place in the line; null until it queues for the first time. */
    FairTicket<Sequence> ticket() {
        return ticket;
    }

    void queuedAs(final FairTicket<Sequence> newTicket) {
        ticket = newTicket;
    }

    void rankedAs(final Rank newRank) {
        rank = newRank;
    }

    @Override
    public Rank rank() {
        return rank;
    }

    @Override
    public int expectedTokens() {
        return pool != null ? knownTokens : knownTokens + surroundings.forecast().moreTokens(outputTokens(), outputTokensLeft());
    }

    @Override
    public long comeBackNanos() {
        final long savedBlocks = cache.saved(table);
        final long savedTokens = savedBlocks * surroundings.config().blockTokens();
        return comeBack().nanos(computedTokens - savedTokens, savedTokens, savedBlocks * cache.blockBytes());
    }

    private ComeBack comeBack() {
        return surroundings.meter().comeBack();
    }

    @Override
    public boolean ready() {
        return phase == Phase.RUNNING && !deferred && (awaitedTokens == 0 || goesOn());
    }

    @Override
    public int computedTokens() {
        return computedTokens;
    }

    @Override
    public int pendingTokens() {
        return knownTokens + awaitedTokens - computedTokens;
    }

    @Override
    public int heldBlocks() {
        return table.count();
    }

    @Override
    public int reclaimableBlocks() {
        return cache.reclaimable(table);
    }

    @Override
    public int token(final int position) {
        return tokens[position];
    }

    @Override
    public int knownTokens() {
        return knownTokens;
    }

    @Override
    public int[] blockTable() {
        return table.blocks();
    }

    @Override
    public SamplingParams sampling() {
        return request().sampling();
    }

    @Override
    public TokenHistory history() {
        return history;
    }

    @Override
    public int outputPosition() {
        return outputTokens();
    }

    @Override
    public TokenConstraint constraint() {
        return constraint;
    }

    @Override
    public int[] predictedTokens() {
        return request().predictedTokens();
    }

    @Override
    public TenantId tenant() {
        return request().tenant();
    }

    @Override
    public int promptTokens() {
        return request().promptTokens().length;
    }

    @Override
    public boolean onDevice() {
        return phase == Phase.RUNNING && !live.hasEnded();
    }

    @Override
    public List<BlockHash> blockChain(final int blockTokens) {
        hashFullBlocks(blockTokens);
        return chain;
    }

    @Override
    public BlockHash chainRoot() {
        return request().chainRoot();
    }
}
