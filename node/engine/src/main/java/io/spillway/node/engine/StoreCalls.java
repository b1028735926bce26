package io.spillway.node.engine;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockStore;
import io.spillway.node.kvcache.BlockTable;
import io.spillway.node.kvcache.KvCache;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
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
    private final ManyToOneConcurrentArrayQueue<Answer> answers;
    private final LongAdder errors = new LongAdder(); // added to on the store's threads
    private final Map<BlockHash, Fetch> fetches = new HashMap<>(); // by their first block; never iterated
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

    /** A question of one sequence; {@code attempt} tells whether the sequence still waits for this very answer. */
    private record Call(Sequence sequence, int attempt, int fromBlock, long startedNanos) {
        boolean isAwaitedIn(final Sequence.Phase phase) {
            return !sequence.live().hasEnded() && sequence.attempt() == attempt && sequence.phase() == phase;
        }

        private BlockHash firstBlock() {
            return sequence.chain().get(fromBlock);
        }
    }

    /** A call from its look-up to its last answer, and the younger sequences that wait for the same blocks. */
    private record Fetch(Call call, List<Follower> followers) {
        /** @return whether the one who asked still waits, so that the store is not late yet */
        boolean isTimely() {
            return call.isAwaitedIn(Sequence.Phase.LOOKING_UP) || call.isAwaitedIn(Sequence.Phase.ONBOARDING);
        }
    }

    private record Follower(Sequence sequence, int attempt) {
        boolean isWaiting() {
            return !sequence.live().hasEnded() && sequence.attempt() == attempt
                && sequence.phase() == Sequence.Phase.LOOKING_UP;
        }
    }

    private sealed interface Answer {
        record LookedUp(Call call, BlockStore.Found found) implements Answer {
        }

        /** @param atNanos when the store was done, however long the engine was busy then */
        record Arrived(Call call, BlockTable table, BlockStore.Onboarded onboarded, long atNanos) implements Answer {
        }
    }

    /** @return calls whose answer has not been taken yet; while there are any, the store may be writing to the slab */
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
        final Fetch sameBlocks = fetches.get(wanted.getFirst());
        if (sameBlocks != null) {
            return follow(sequence, sameBlocks);
        }
        final Call call = new Call(sequence, sequence.attempt(), from, nowNanos);
        fetches.put(wanted.getFirst(), new Fetch(call, new ArrayList<>()));
        sequence.enter(Sequence.Phase.LOOKING_UP);
        sequence.waitForStoreUntil(deadlineNanos);
        tally.lookups++;
        callCount++;
        listen(() -> store.lookup(wanted, deadlineNanos), BlockStore.Found.NOTHING,
            found -> new Answer.LookedUp(call, found));
        return true;
    }

    /** Now and then the store is asked all the same: its speed may have changed. */
    private boolean isSoonerComputed(final int blocks) {
        final boolean isSooner = !meter.comeBack().fetches(
            (long) blocks * config.blockTokens(), blocks * cache.blockBytes());
        return isSooner && ++soonerComputed % ASK_EVERY != 0;
    }

    /** The same blocks are on their way already: to fetch them twice would also take their room twice. */
    private static boolean follow(final Sequence sequence, final Fetch fetch) {
        if (!fetch.isTimely()) {
            return false;
        }
        fetch.followers().add(new Follower(sequence, sequence.attempt()));
        sequence.enter(Sequence.Phase.LOOKING_UP);
        sequence.waitForStoreUntil(fetch.call().sequence().storeDeadlineNanos());
        return true;
    }

    /** Takes answers. @return how many */
    int poll(final long nowNanos) {
        int count = 0;
        for (Answer answer = answers.poll(); answer != null; answer = answers.poll()) {
            callCount--;
            count++;
            switch (answer) {
                case Answer.LookedUp(Call call, BlockStore.Found found) -> onFound(call, found, nowNanos);
                case Answer.Arrived arrived -> onArrived(arrived, nowNanos);
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

    private void onFound(final Call call, final BlockStore.Found found, final long nowNanos) {
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
        if (blocks <= 0 || !cache.grow(table, (call.fromBlock() + blocks) * config.blockTokens())) {
            cache.release(table, nowNanos);
            roster.run(sequence);
            letGo(call);
            return;
        }
        onboard(new Call(sequence, call.attempt(), call.fromBlock(), nowNanos), found, table);
    }

    private void onboard(final Call call, final BlockStore.Found found, final BlockTable table) {
        final List<MemorySegment> targets = new ArrayList<>();
        for (int i = call.fromBlock(); i < table.count(); i++) {
            targets.add(cache.segment(table.block(i)));
        }
        final Sequence sequence = call.sequence();
        final List<BlockHash> wanted = List.copyOf(sequence.chain().subList(call.fromBlock(), table.count()));
        final long deadlineNanos = call.startedNanos() + config.onboardTimeout().toNanos();
        sequence.enter(Sequence.Phase.ONBOARDING);
        sequence.waitForStoreUntil(deadlineNanos);
        for (final Follower follower : fetches.get(call.firstBlock()).followers()) {
            if (follower.isWaiting()) {
                follower.sequence().waitForStoreUntil(deadlineNanos);
            }
        }
        callCount++;
        listen(() -> store.onboard(wanted, found, targets, deadlineNanos), BlockStore.Onboarded.NOTHING,
            onboarded -> new Answer.Arrived(call, table, onboarded, clock.nanoTime()));
    }

    private void onArrived(final Answer.Arrived answer, final long nowNanos) {
        final Call call = answer.call();
        final BlockTable table = answer.table();
        final BlockStore.Onboarded onboarded = answer.onboarded();
        final Sequence sequence = call.sequence();
        final int arrived = Math.min(onboarded.blocks(), onboarded.tiers().size());
        final int valid = Math.clamp(arrived, 0, table.count() - call.fromBlock());
        for (int i = 0; i < valid; i++) {
            final int position = call.fromBlock() + i;
            cache.publish(table, sequence.chain().get(position), sequence.parentOf(position));
            cache.blocks().markSaved(table.block(position));
        }
        if (valid > 0) {
            tally.onboardedBlocks += valid;
            meter.onOnboard(valid * cache.blockBytes(), answer.atNanos() - call.startedNanos());
        }
        if (call.isAwaitedIn(Sequence.Phase.ONBOARDING)) {
            sequence.sources().onboarded(call.fromBlock(), onboarded.tiers().subList(0, valid));
            roster.run(sequence);
        }
        letGo(call);
        cache.release(table, nowNanos); // after the sequences have taken their own leases
    }

    /** Followers go on with what has arrived. */
    private void letGo(final Call call) {
        for (final Follower follower : fetches.remove(call.firstBlock()).followers()) {
            if (follower.isWaiting()) {
                roster.run(follower.sequence());
            }
        }
    }

    /** The sequence that asked is gone: its first follower asks in its place, the others follow that one. */
    private void askAgain(final Call call, final long nowNanos) {
        for (final Follower follower : fetches.remove(call.firstBlock()).followers()) {
            if (follower.isWaiting() && !lookUp(follower.sequence(), nowNanos)) {
                roster.run(follower.sequence());
            }
        }
    }

    /** Queues the answer when it comes; a store that throws has found nothing, and is counted. */
    private <T> void listen(
        final Supplier<CompletableFuture<T>> question, final T nothing, final Function<T, Answer> answer) {
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
