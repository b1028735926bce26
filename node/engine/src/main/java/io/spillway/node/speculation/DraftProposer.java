package io.spillway.node.speculation;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.time.NanoClock;
import io.spillway.node.kvcache.KvCache;
import io.spillway.node.model.StepBatch;
import io.spillway.node.sampling.Sampler;
import io.spillway.node.sampling.TokenConstraint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Lets a smaller model run ahead. All sequences draft together, a token each per pass. The draft of a sampled output is drawn with the
 * request's own random numbers: where both models agree about the probabilities, both draw the same token.
 *
 * <p>Its keys and values are in blocks of its own, found again by the identity of the tokens like those of the larger model: an agent's
 * next turn finds them. A sequence that is far behind catches up over several steps and is not drafted for meanwhile.
 *
 * <p>Thread: the engine's.
 */
public final class DraftProposer implements Proposer {
    private static final int CATCH_UP_ROWS = 256;
    /** A sequence that lacks no more than this can be brought up and drafted for in one pass. */
    private static final int NEAR_TOKENS = 32;
    /** So often a draft is written although it does not seem to pay: to see whether that is still so. */
    private static final int PROBE_EVERY = 64;
    /** Share of an output token's time that drafts are counted on to save, when the price of catching up is weighed. */
    private static final double SAVED_SHARE = 0.3;
    private static final double OUTPUT_TOKENS_PRIOR = 64;
    private static final double WEIGHT = 0.1;
    private static final float[] MARGINS = {0f, 0.25f, 0.5f, 1f, 1.5f, 2f, 3f, 4f, 5f, 7f, 10f};

    private final DraftModel draft;
    private final KvCache cache;
    private final NanoClock clock;
    private final int blockTokens;
    private final int tokensMax;
    private final Sampler sampler;
    private final StepBatch batch;
    private final long[] mask;
    private final List<DraftTrack> tracks = new ArrayList<>(); // by slot; null: closed
    private final StepCost cost = new StepCost();
    private final int[] drafting;   // [entriesMax], entries whose logits the current pass computes
    private float[] logits = new float[0];
    private int draftingCount;
    private int askedCount;
    private boolean isProbe;
    private double catchUpRowNanos; // measured; 0 = not known yet
    private double meanOutputTokens = OUTPUT_TOKENS_PRIOR;
    private long lastNanos;

    /** @param entriesMax most sequences of a step @param tokensMax most tokens drafted per sequence */
    public record Limits(int entriesMax, int tokensMax) {
    }

    public DraftProposer(final DraftModel draft, final Limits limits, final NanoClock clock) {
        this.draft = draft;
        this.clock = clock;
        blockTokens = draft.layout().blockTokens();
        tokensMax = limits.tokensMax();
        cache = new KvCache(draft.slab(), new KvCache.Shape(draft.blocks(), blockTokens, draft.layout().blockBytes()), event -> {
            // nobody else reads these blocks
        });
        sampler = new Sampler(draft.model().vocabularySize());
        batch = new StepBatch(CATCH_UP_ROWS + limits.entriesMax() * (NEAR_TOKENS + limits.tokensMax()), limits.entriesMax());
        mask = new long[TokenConstraint.maskWords(draft.model().vocabularySize())];
        drafting = new int[limits.entriesMax()];
    }

    @Override
    public String name() {
        return "draft";
    }

    @Override
    public double priorRate(final int grade) {
        return 0.4 + 0.05 * grade;
    }

    @Override
    public boolean offers(final int slot) {
        return slot < tracks.size() && tracks.get(slot) != null
            && tracks.get(slot).sequence.knownTokens() + tokensMax < draft.model().contextTokens();
    }

    @Override
    public boolean isReady(final int slot) {
        return offers(slot) && tracks.get(slot).missing() <= NEAR_TOKENS;
    }

    @Override
    public void open(final int slot, final SpeculatedSequence sequence) {
        while (tracks.size() <= slot) {
            tracks.add(null);
        }
        tracks.set(slot, new DraftTrack(sequence, tokensMax));
    }

    @Override
    public void close(final int slot) {
        final DraftTrack track = tracks.set(slot, null);
        meanOutputTokens += WEIGHT * (track.outputTokens() - meanOutputTokens);
        cache.release(track.table, clock.nanoTime());
    }

    @Override
    public long lastNanos() {
        return lastNanos;
    }

    /** @throws IllegalStateException when a sequence is open, or the books over its blocks do not add up: for tests */
    public void checkIdle() {
        cache.blocks().checkInvariants();
        if (cache.blocks().leased() > 0 || tracks.stream().anyMatch(track -> track != null)) {
            throw new IllegalStateException(cache.blocks().leased() + " blocks are leased by sequences that have ended");
        }
    }

    @Override
    public void propose(final Proposals proposals) {
        isProbe = ++askedCount % PROBE_EVERY == 0;
        final long beganNanos = clock.nanoTime();
        beginFirstPass(proposals);
        final boolean hasRows = batch.rowCount() > 0;
        if (hasRows) {
            runPasses(proposals);
        }
        lastNanos = hasRows ? clock.nanoTime() - beganNanos : 0;
    }

    private void runPasses(final Proposals proposals) {
        int passCount = 0;
        do {
            final long beganNanos = clock.nanoTime();
            forward();
            final long passNanos = clock.nanoTime() - beganNanos;
            proposals.spend(passNanos);
            if (passCount > 0) {
                cost.observe(batch.rowCount(), passNanos);
            } else if (batch.rowCount() >= CATCH_UP_ROWS / 2) {
                final double rowNanos = (double) passNanos / batch.rowCount();
                catchUpRowNanos += (catchUpRowNanos == 0 ? 1 : WEIGHT) * (rowNanos - catchUpRowNanos);
            }
            final int passed = draftingCount;
            draftingCount = 0;
            batch.clear();
            for (int i = 0; i < passed; i++) {
                choose(proposals, drafting[i], i * draft.model().vocabularySize());
            }
            passCount++;
        } while (draftingCount > 0);
    }

    private void beginFirstPass(final Proposals proposals) {
        batch.clear();
        draftingCount = 0;
        int catchUpRows = CATCH_UP_ROWS;
        for (int entry = 0; entry < proposals.count(); entry++) {
            if (proposals.isOpenTo(entry) && pays(proposals, entry, proposals.expectation(entry))) {
                final DraftTrack track = tracks.get(proposals.slot(entry));
                follow(track);
                final int missing = proposals.length(entry) - track.computed();
                if (missing > NEAR_TOKENS + tokensMax) {
                    catchUpRows -= !isWorthCatchingUp(proposals, track, missing) ? 0 : catchUp(track, Math.min(catchUpRows, track.sequence.knownTokens() - track.computed() - 1));
                } else if (cache.grow(track.table, proposals.length(entry) + proposals.room(entry))) {
                    addRows(proposals, entry, track);
                }
            }
        }
    }

    /** Counts what is known by now, and gives full blocks their identity. */
    private void follow(final DraftTrack track) {
        final SpeculatedSequence sequence = track.sequence;
        if (track.markMatched()) {
            cache.match(track.table, sequence.blockChain(blockTokens), (sequence.knownTokens() - 1) / blockTokens);
            track.computedUpTo(track.table.published() * blockTokens);
        }
        track.resync();
        for (int block = track.table.published(); (block + 1) * blockTokens <= track.computed(); block++) {
            final List<BlockHash> chain = sequence.blockChain(blockTokens);
            cache.publish(track.table, chain.get(block), block == 0 ? sequence.chainRoot() : chain.get(block - 1));
        }
    }

    /** A long prompt before a short answer: computing the prompt twice would cost more than drafts could save. */
    private boolean isWorthCatchingUp(final Proposals proposals, final DraftTrack track, final int missing) {
        final double tokensToCome = meanOutputTokens - track.outputTokens();
        return catchUpRowNanos == 0 || !proposals.isPriced()
            || missing * catchUpRowNanos < tokensToCome * proposals.tokenNanos() * SAVED_SHARE;
    }

    /** @return rows added */
    private int catchUp(final DraftTrack track, final int rows) {
        if (rows <= 0 || !cache.grow(track.table, track.computed() + rows)) {
            return 0;
        }
        batch.beginSequence(track.table.blocks());
        for (int i = 0; i < rows; i++) {
            batch.addRow(track.sequence.token(track.computed() + i), track.computed() + i);
        }
        track.computedUpTo(track.computed() + rows);
        return rows;
    }

    private void addRows(final Proposals proposals, final int entry, final DraftTrack track) {
        final int known = track.sequence.knownTokens();
        batch.beginSequence(track.table.blocks());
        for (int position = track.computed(); position < proposals.length(entry); position++) {
            final int token = proposals.tokenAt(entry, position);
            batch.addRow(token, position);
            if (position >= known) {
                track.guess(position, token);
            }
        }
        track.computedUpTo(Math.max(track.computed(), known));
        batch.wantLogits();
        drafting[draftingCount++] = entry;
    }

    private void forward() {
        final int wanted = batch.logitsRowCount() * draft.model().vocabularySize();
        if (logits.length < wanted) {
            logits = new float[wanted];
        }
        draft.model().forward(batch, draft.layout(), draft.slab(), logits);
    }

    /** Takes the draft model's choice; if another one is wanted behind it, that is a row of the next pass. */
    private void choose(final Proposals proposals, final int entry, final int from) {
        final SpeculatedSequence sequence = proposals.sequence(entry);
        final long[] allowed = proposals.fillMask(entry, mask) ? mask : null;
        final int token;
        try {
            token = sampler.sample(logits, from, sequence.sampling(), sequence.history(),
                sequence.outputPosition() + proposals.size(entry), allowed);
        } catch (final SpillwayException e) {
            return; // numbers it cannot choose by: no draft, nothing else
        }
        if (proposals.add(entry, token, grade(from, token)) && pays(proposals, entry, proposals.chance(entry) * proposals.expectation(entry))) {
            final DraftTrack track = tracks.get(proposals.slot(entry));
            final int position = proposals.length(entry) - 1;
            batch.beginSequence(track.table.blocks());
            batch.addRow(token, position);
            batch.wantLogits();
            track.guess(position, token);
            drafting[draftingCount++] = entry;
        }
    }

    /** @return whether a token that is right with probability {@code chance} saves more time than drafting and checking it takes */
    private boolean pays(final Proposals proposals, final int entry, final double chance) {
        if (isProbe || !cost.isKnown() || !proposals.isPriced()) {
            return true;
        }
        final double draftNanos = cost.nanos(proposals.count()) / proposals.count();
        return chance * proposals.tokenNanos() > draftNanos + proposals.rowNanos();
    }

    private int grade(final int from, final int token) {
        float second = Float.NEGATIVE_INFINITY;
        for (int other = 0; other < draft.model().vocabularySize(); other++) {
            if (other != token && logits[from + other] > second) {
                second = logits[from + other];
            }
        }
        final int place = Arrays.binarySearch(MARGINS, logits[from + token] - second);
        return place >= 0 ? place + 1 : -place - 1;
    }
}
