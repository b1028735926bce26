package io.spillway.node.engine;

import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.Tier;
import io.spillway.kvstore.service.BlockStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/**
 * A store that keeps what it is given and answers when {@link #pump} says so. With faults on it refuses, loses,
 * promises more than it has, returns fewer, answers late or with an exception, and leaves rubbish in targets it does
 * not vouch for.
 */
final class FakeStore implements BlockStore {
    private final Map<BlockHash, byte[]> blocks = new HashMap<>();
    private final List<Runnable> pending = new ArrayList<>();
    private final Random random;
    private final boolean hasFaults;
    private int offloads;

    FakeStore(final Random random, final boolean hasFaults) {
        this.random = random;
        this.hasFaults = hasFaults;
    }

    int held() {
        return blocks.size();
    }

    int offloads() {
        return offloads;
    }

    int pendingCount() {
        return pending.size();
    }

    /** Completes some of what waits, in any order; all of it when {@code completely}. */
    void pump(final boolean completely) {
        for (int i = pending.size(); i > 0; i--) {
            if (completely || random.nextInt(4) == 0) {
                pending.remove(random.nextInt(pending.size())).run();
            }
        }
    }

    @Override
    public boolean offload(
        final BlockHash hash, final BlockHash parent, final MemorySegment bytes, final Runnable released) {
        if (fault(4)) {
            return false;
        }
        offloads++;
        pending.add(() -> {
            // Copied now, not when it was handed over: a block that changes under its lease is caught.
            if (!fault(8)) {
                blocks.put(hash, bytes.toArray(ValueLayout.JAVA_BYTE));
            }
            released.run();
            if (fault(3)) {
                released.run(); // once too often must do no harm
            }
        });
        return true;
    }

    @Override
    public CompletableFuture<Found> lookup(final List<BlockHash> wanted, final long deadlineNanos) {
        int count = 0;
        while (count < wanted.size() && blocks.containsKey(wanted.get(count))) {
            count++;
        }
        final int promised = fault(6) ? wanted.size() + 2 : count;
        final CompletableFuture<Found> future = new CompletableFuture<>();
        pending.add(() -> complete(future, new Found(promised, List.of(new Found.Segment("", promised)))));
        return future;
    }

    @Override
    public CompletableFuture<Onboarded> onboard(
        final List<BlockHash> wanted, final Found found, final List<MemorySegment> targets, final long deadlineNanos) {
        final CompletableFuture<Onboarded> future = new CompletableFuture<>();
        pending.add(() -> {
            if (fault(5) && !wanted.isEmpty()) {
                blocks.remove(wanted.get(random.nextInt(wanted.size())));
            }
            int count = 0;
            while (count < wanted.size() && blocks.containsKey(wanted.get(count)) && !fault(10)) {
                MemorySegment.copy(blocks.get(wanted.get(count)), 0, targets.get(count), ValueLayout.JAVA_BYTE, 0,
                    (int) targets.get(count).byteSize());
                count++;
            }
            for (int i = count; i < targets.size(); i++) {
                targets.get(i).fill((byte) 0x5A);
            }
            final List<Tier> tiers = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                tiers.add(Tier.values()[1 + i % 3]);
            }
            complete(future, new Onboarded(count, tiers));
        });
        return future;
    }

    private <T> void complete(final CompletableFuture<T> future, final T answer) {
        if (fault(10)) {
            future.completeExceptionally(new IllegalStateException("a defect of the store"));
        } else {
            future.complete(answer);
        }
    }

    private boolean fault(final int oneIn) {
        return hasFaults && random.nextInt(oneIn) == 0;
    }

    @Override
    public NodeLoad.TierUse tierUse() {
        return new NodeLoad.TierUse(blocks.size(), 0, 0, 0, 0, 0);
    }

    @Override
    public void close() {
        // holds nothing
    }
}
