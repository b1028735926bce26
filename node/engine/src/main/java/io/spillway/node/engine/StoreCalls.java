package io.spillway.node.engine;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockStore;
import io.spillway.node.kvcache.BlockTable;
import io.spillway.node.kvcache.BlockWriting;
import io.spillway.node.kvcache.KvCache;
import io.spillway.node.kvcache.TransferState;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/**
 * Questions to the block store that are on their way, and the blocks it is filling.
 *
 * <p>A call holds leases of its own on the blocks it fills and on the prefix before them: if the sequence that asked
 * gives up, the blocks stay borrowed until the store is done, and then are cached for whoever comes next. Answers
 * arrive on the store's threads and are queued; the number of calls under way is bounded, so the queue always has room.
 * The store fills host memory; where the device's is elsewhere, blocks are brought there before anybody is told of them.
 *
 * <p>Single writer: the engine thread.
 */
final class StoreCalls {
    /** So many prefixes are computed because that seems sooner, then one is asked for. */
    private static final int ASK_EVERY = 32;

    private final BlockStore store;
    private final KvCache cache;
    private final Roster roster;
    private final EngineConfig config;
    private final LoadMeter meter;
    private final Tally tally;
    private final NanoClock clock;
    private final Runnable waker;
    private final ManyToOneConcurrentArrayQueue<StoreAnswer> answers;
    private final LongAdder errors = new LongAdder(); // added to on the store's threads
    private final List<Landing> landings = new ArrayList<>();
    private final Map<BlockHash, StoreCall.Fetch> fetches = new HashMap<>(); // by their first block; never iterated
    private final int callsMax;
    private int callCount;
    private long soonerComputed;

    /** What the engine's other parts give to this one. */
    record Context(KvCache cache, Roster roster, LoadMeter meter, Tally tally, NanoClock clock, Runnable waker) {
    }

    StoreCalls(final BlockStore store, final EngineConfig config, final Context context) {
        this.store = store;
        this.config = config;
        cache = context.cache();
        roster = context.roster();
        meter = context.meter();
        tally = context.tally();
        clock = context.clock();
        waker = context.waker();
        callsMax = 2 * config.runningMax();
        answers = new ManyToOneConcurrentArrayQueue<>(Math.max(2, callsMax));
    }

    /** @return calls whose answer has not been taken yet, or has not landed; while there are any, blocks may be written to */
    int underWay() {
        return callCount;
    }

    /** @return answers that were exceptions */
    long errors() {
        return errors.sum();
    }

    /** Asks for the blocks that the device lacks. @return false: not worth asking, or too many questions under way */
    boolean lookUp(final Sequence sequence, final long nowNanos) {
        final int from = sequence.heldBlocks();
        final int missing = sequence.knownTokens() / config.blockTokens() - from;
        if (missing < config.onboardBlocksMin() || callCount >= callsMax || isSoonerComputed(missing)) {
            return false;
        }
        final long deadlineNanos = nowNanos + config.lookupTimeout().toNanos();
        final List<BlockHash> wanted = List.copyOf(sequence.chain().subList(from, from + missing));
        final StoreCall.Fetch sameBlocks = fetches.get(wanted.getFirst());
        if (sameBlocks != null) {
            return follow(sequence, sameBlocks);
        }
        final StoreCall call = new StoreCall(sequence, sequence.attempt(), from, nowNanos);
        fetches.put(wanted.getFirst(), new StoreCall.Fetch(call, new ArrayList<>()));
        sequence.enter(Sequence.Phase.LOOKING_UP);
        sequence.waitForStoreUntil(deadlineNanos);
        tally.lookups++;
        callCount++;
        listen(() -> store.lookup(wanted, deadlineNanos), BlockStore.Found.NOTHING,
            found -> new StoreAnswer.LookedUp(call, found));
        return true;
    }

    /** Now and then the store is asked all the same: its speed may have changed. */
    private boolean isSoonerComputed(final int blocks) {
        final boolean isSooner = !meter.comeBack().fetches(
            (long) blocks * config.blockTokens(), blocks * cache.blockBytes());
        return isSooner && ++soonerComputed % ASK_EVERY != 0;
    }

    /** The same blocks are on their way already: to fetch them twice would also take their room twice. */
    private static boolean follow(final Sequence sequence, final StoreCall.Fetch fetch) {
        if (!fetch.isTimely()) {
            return false;
        }
        fetch.followers().add(new StoreCall.Follower(sequence, sequence.attempt()));
        sequence.enter(Sequence.Phase.LOOKING_UP);
        sequence.waitForStoreUntil(fetch.call().sequence().storeDeadlineNanos());
        return true;
    }

    /** Takes answers, and blocks that have landed. @return how many */
    int poll(final long nowNanos) {
        int count = pollLandings(nowNanos);
        for (StoreAnswer answer = answers.poll(); answer != null; answer = answers.poll()) {
            callCount--;
            count++;
            switch (answer) {
                case StoreAnswer.LookedUp(StoreCall call, BlockStore.Found found) -> onFound(call, found, nowNanos);
                case StoreAnswer.Arrived arrived -> onArrived(arrived, nowNanos);
            }
        }
        return count;
    }

    private int pollLandings(final long nowNanos) {
        int count = 0;
        for (int i = landings.size() - 1; i >= 0; i--) {
            if (land(landings.get(i), nowNanos)) {
                landings.remove(i);
                callCount--;
                count++;
            }
        }
        return count;
    }

    /** Lets sequences that have waited long enough go on without the store. @return how many */
    int expire(final long nowNanos) {
        int count = 0;
        for (final Sequence sequence : roster.active()) {
            if (sequence.phase() != Sequence.Phase.RUNNING && nowNanos - sequence.storeDeadlineNanos() > 0) {
                tally.storeTimeouts++;
                roster.run(sequence);
                count++;
            }
        }
        return count;
    }

    private void onFound(final StoreCall call, final BlockStore.Found found, final long nowNanos) {
        if (!call.isAwaitedIn(Sequence.Phase.LOOKING_UP)) {
            askAgain(call, nowNanos);
            return;
        }
        final Sequence sequence = call.sequence();
        final BlockTable table = new BlockTable();
        cache.match(table, sequence.chain(), call.fromBlock());
        final int full = sequence.knownTokens() / config.blockTokens() - call.fromBlock();
        // One block per active sequence is left: whoever decodes should not be driven out by what may come.
        final int room = cache.blocks().allocatable() - roster.active().size();
        final int blocks = Math.min(Math.min(found.blocks(), full), room);
        final BlockWriting writing = blocks > 0 && cache.grow(table, (call.fromBlock() + blocks) * config.blockTokens())
            ? write(table, call.fromBlock()) : null;
        if (writing == null) {
            cache.release(table, nowNanos);
            roster.run(sequence);
            letGo(call);
            return;
        }
        cache.shrink(table, call.fromBlock() + writing.count());
        onboard(new StoreCall(sequence, call.attempt(), call.fromBlock(), nowNanos), found,
            target(table, call.fromBlock(), writing, writing.count() < blocks));
    }

    /** Blocks that are written to have a lease besides the table's, which takes another block when there is one with the same identity by then. */
    private StoreCall.Target target(final BlockTable table, final int fromBlock, final BlockWriting writing, final boolean isCut) {
        final int[] blocks = Arrays.copyOfRange(table.blocks(), fromBlock, table.count());
        for (final int block : blocks) {
            cache.blocks().lease(block);
        }
        return new StoreCall.Target(table, blocks, writing, isCut);
    }

    /** @return null: there is no room in host memory now */
    private BlockWriting write(final BlockTable table, final int fromBlock) {
        final int[] blocks = Arrays.copyOfRange(table.blocks(), fromBlock, table.count());
        return cache.memory().write(blocks, blocks.length);
    }

    private void onboard(final StoreCall call, final BlockStore.Found found, final StoreCall.Target target) {
        final List<MemorySegment> segments = new ArrayList<>();
        for (int i = 0; i < target.writing().count(); i++) {
            segments.add(target.writing().segment(i));
        }
        final Sequence sequence = call.sequence();
        final List<BlockHash> wanted = List.copyOf(sequence.chain().subList(call.fromBlock(), target.table().count()));
        final long deadlineNanos = call.startedNanos() + config.onboardTimeout().toNanos();
        sequence.enter(Sequence.Phase.ONBOARDING);
        sequence.waitForStoreUntil(deadlineNanos);
        for (final StoreCall.Follower follower : fetches.get(call.firstBlock()).followers()) {
            if (follower.isWaiting()) {
                follower.sequence().waitForStoreUntil(deadlineNanos);
            }
        }
        callCount++;
        listen(() -> store.onboard(wanted, found, segments, deadlineNanos), BlockStore.Onboarded.NOTHING,
            onboarded -> new StoreAnswer.Arrived(call, target, onboarded, clock.nanoTime()));
    }

    private void onArrived(final StoreAnswer.Arrived answer, final long nowNanos) {
        final int arrived = Math.min(answer.onboarded().blocks(), answer.onboarded().tiers().size());
        final Landing landing = new Landing(answer, Math.clamp(arrived, 0, answer.target().writing().count()));
        if (landing.blocks() == 0) {
            tell(answer, 0, answer.atNanos(), nowNanos);
            end(answer.target(), nowNanos);
            return;
        }
        answer.target().writing().begin(landing.blocks());
        if (!land(landing, answer.atNanos())) {
            landings.add(landing);
            callCount++;
        }
    }

    /** @param atNanos when the blocks are where they belong, if they are @return whether the transfer is over */
    private boolean land(final Landing landing, final long atNanos) {
        final TransferState state = landing.answer().target().writing().state();
        if (!landing.isTold() && (state != TransferState.UNDER_WAY || landing.answer().target().writing().usable())) {
            landing.told();
            if (state == TransferState.FAILED) {
                errors.increment();
            }
            tell(landing.answer(), state == TransferState.FAILED ? 0 : landing.blocks(), atNanos, clock.nanoTime());
        }
        if (state == TransferState.UNDER_WAY) {
            return false;
        }
        end(landing.answer().target(), clock.nanoTime());
        return true;
    }

    /** The leading {@code valid} blocks are, or are about to be, on the device: whoever waits for them goes on. */
    private void tell(final StoreAnswer.Arrived answer, final int valid, final long atNanos, final long nowNanos) {
        final StoreCall call = answer.call();
        final BlockTable table = answer.target().table();
        final Sequence sequence = call.sequence();
        for (int i = 0; i < valid; i++) {
            final int position = call.fromBlock() + i;
            cache.publish(table, sequence.chain().get(position), sequence.parentOf(position));
            cache.blocks().markSaved(table.block(position));
        }
        if (valid > 0) {
            tally.onboardedBlocks += valid;
            meter.onOnboard(valid * cache.blockBytes(), atNanos - call.startedNanos());
        }
        final boolean isMore = answer.target().isCut() && valid == answer.target().writing().count();
        final List<StoreCall.Follower> followers = fetches.remove(call.firstBlock()).followers();
        if (call.isAwaitedIn(Sequence.Phase.ONBOARDING)) {
            sequence.sources().onboarded(call.fromBlock(), answer.onboarded().tiers().subList(0, valid));
            goOn(sequence, isMore, nowNanos);
        }
        for (final StoreCall.Follower follower : followers) {
            if (follower.isWaiting()) {
                goOn(follower.sequence(), isMore, nowNanos);
            }
        }
    }

    /** @param isMore whether the store has further blocks, for which there was no room in host memory */
    private void goOn(final Sequence sequence, final boolean isMore, final long nowNanos) {
        if (isMore) {
            roster.extend(sequence);
        }
        if (!isMore || !lookUp(sequence, nowNanos)) {
            roster.run(sequence);
        }
    }

    /** After the sequences have taken their own leases. */
    private void end(final StoreCall.Target target, final long nowNanos) {
        target.writing().close();
        for (final int block : target.blocks()) {
            cache.blocks().release(block);
        }
        cache.release(target.table(), nowNanos);
    }

    /** Followers go on with what there is. */
    private void letGo(final StoreCall call) {
        for (final StoreCall.Follower follower : fetches.remove(call.firstBlock()).followers()) {
            if (follower.isWaiting()) {
                roster.run(follower.sequence());
            }
        }
    }

    /** The sequence that asked is gone: its first follower asks in its place, the others follow that one. */
    private void askAgain(final StoreCall call, final long nowNanos) {
        for (final StoreCall.Follower follower : fetches.remove(call.firstBlock()).followers()) {
            if (follower.isWaiting() && !lookUp(follower.sequence(), nowNanos)) {
                roster.run(follower.sequence());
            }
        }
    }

    /** Queues the answer when it comes; a store that throws has found nothing, and is counted. */
    private <T> void listen(
        final Supplier<CompletableFuture<T>> question, final T nothing, final Function<T, StoreAnswer> answer) {
        ask(question).whenComplete((result, failure) -> {
            final boolean isMissing = failure != null || result == null;
            if (isMissing) {
                errors.increment();
            }
            if (!answers.offer(answer.apply(isMissing ? nothing : result))) {
                throw new IllegalStateException("more answers than questions");
            }
            waker.run();
        });
    }

    private static <T> CompletableFuture<T> ask(final Supplier<CompletableFuture<T>> question) {
        try {
            return question.get();
        } catch (final RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
