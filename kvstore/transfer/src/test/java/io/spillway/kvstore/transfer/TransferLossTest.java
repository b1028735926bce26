package io.spillway.kvstore.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.aeron.driver.MediaDriver;
import io.aeron.driver.ext.DebugReceiveChannelEndpoint;
import io.aeron.driver.ext.LossGenerator;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.kvstore.service.BlockLease;
import io.spillway.kvstore.service.BlockSink;
import io.spillway.kvstore.service.Fetch;
import io.spillway.kvstore.service.PutOutcome;
import io.spillway.kvstore.service.ServiceConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Packets that get lost on their way, in both directions. */
class TransferLossTest {
    @TempDir
    private Path directory;

    @Test
    void lostPacketsAreSentAgainAndNoByteIsWrong() {
        final AtomicInteger dropped = new AtomicInteger();
        try (Member node = start("node", dropped, 1); Member store = start("store", dropped, 2);
            Arena arena = Arena.ofShared()) {
            node.connectTo(store);
            final List<byte[]> blocks = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                blocks.add(Member.bytes(i, 300_000 + i));
            }
            final List<BlockHash> chain = store.store(1, blocks);
            final List<MemorySegment> targets = Member.targets(arena, blocks);
            assertThat(Member.get(node.transfer.get(
                new Fetch(store.id, chain, targets, BlockSink.NONE), Member.in(20_000))).blocks()).isEqualTo(24);
            for (int i = 0; i < 24; i++) {
                assertThat(targets.get(i).mismatch(MemorySegment.ofArray(blocks.get(i)))).isEqualTo(-1);
            }
            final BlockLease lease = node.lease(node.store(2, blocks).getLast());
            assertThat(Member.get(node.transfer.put(store.id, lease, Member.in(20_000)))).isEqualTo(PutOutcome.STORED);
            lease.release();
            assertThat(dropped.get()).isPositive();
            assertThat(node.transfer.counters().corruptBlocks()).isZero();
        }
    }

    private Member start(final String name, final AtomicInteger dropped, final long seed) {
        final TransferConfig plain = TransferConfig.ofLoopback(new NodeId(name), directory.resolve(name));
        final TransferConfig config = new TransferConfig(plain.self(), plain.listen(), plain.directory(),
            new TransferConfig.Packets(1408, 8192), plain.windowBytes(), plain.peerLostNanos());
        return new Member(name, ServiceConfig.ofHost(64L << 20), config, driver -> lossy(driver, dropped, seed));
    }

    private static void lossy(final MediaDriver.Context driver, final AtomicInteger dropped, final long seed) {
        final SplittableRandom random = new SplittableRandom(seed);
        final LossGenerator loss = (address, buffer, length) -> {
            final boolean drop = random.nextInt(100) < 3;
            dropped.addAndGet(drop ? 1 : 0);
            return drop;
        };
        driver.receiveChannelEndpointSupplier((channel, dispatcher, status, context) ->
            new DebugReceiveChannelEndpoint(channel, dispatcher, status, context, loss, loss));
    }
}
