package io.spillway.node.cuda.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.cuda.Device;
import io.spillway.node.kvcache.BlockReading;
import io.spillway.node.kvcache.BlockWriting;
import io.spillway.node.kvcache.TransferState;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Blocks come back from the device as they went there, by whatever way. */
class DeviceBlockMemoryTest {
    private static final int BLOCKS = 40;
    private static final int BLOCK_BYTES = 4096 + 64;

    @Test
    void blocksGoAndComeAndAreCopied() {
        final Random random = new Random(3);
        try (Device device = TestDevices.open(); DeviceBlockMemory memory = new DeviceBlockMemory(device, BLOCKS, BLOCK_BYTES)) {
            final byte[][] expected = new byte[BLOCKS][BLOCK_BYTES];
            for (int round = 0; round < 30; round++) {
                final int[] blocks = random.ints(0, BLOCKS).distinct().limit(1 + random.nextInt(8)).toArray();
                write(memory, blocks, expected, random);
                final int source = random.nextInt(BLOCKS);
                final int target = random.nextInt(BLOCKS);
                if (source != target) {
                    memory.copy(source, target);
                    expected[target] = expected[source].clone();
                }
                final int[] wanted = random.ints(0, BLOCKS).distinct().limit(8).toArray();
                final BlockReading reading = memory.read(wanted, wanted.length);
                assertThat(await(reading)).isEqualTo(TransferState.DONE);
                for (int i = 0; i < wanted.length; i++) {
                    assertThat(reading.segment(i).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected[wanted[i]]);
                    reading.release(i);
                }
            }
        }
    }

    private static TransferState await(final BlockReading reading) {
        while (reading.state() == TransferState.UNDER_WAY) {
            Thread.onSpinWait();
        }
        return reading.state();
    }

    private static void write(final DeviceBlockMemory memory, final int[] blocks, final byte[][] expected, final Random random) {
        final BlockWriting writing = memory.write(blocks, blocks.length);
        assertThat(writing.count()).isEqualTo(blocks.length);
        assertThat(writing.usable()).isFalse();
        final int begun = 1 + random.nextInt(blocks.length); // the others stay as they are
        for (int i = 0; i < begun; i++) {
            random.nextBytes(expected[blocks[i]]);
            writing.segment(i).copyFrom(MemorySegment.ofArray(expected[blocks[i]]));
        }
        writing.begin(begun);
        while (!writing.usable()) {
            Thread.onSpinWait();
        }
        assertThat(writing.state()).isEqualTo(TransferState.DONE);
        writing.close();
    }

    /** Staging is as large as the cache is small: what does not fit waits, and fits once something is given back. */
    @Test
    void whereThereIsNoRoomNothingIsBegun() {
        try (Device device = TestDevices.open(); DeviceBlockMemory memory = new DeviceBlockMemory(device, 4, BLOCK_BYTES)) {
            final int[] all = {0, 1, 2, 3};
            final BlockReading three = memory.read(all, 3);
            assertThat(memory.read(all, 2)).isNull();
            final BlockWriting one = memory.write(all, 3);
            assertThat(one.count()).isEqualTo(1);
            assertThat(memory.write(all, 1)).isNull();
            one.close();
            final List<BlockWriting> again = new ArrayList<>();
            for (final int released : new int[] {2, 0, 1}) {
                await(three);
                three.release(released);
                again.add(memory.write(all, 1));
            }
            assertThat(again).doesNotContainNull();
            again.forEach(BlockWriting::close);
            assertThat(memory.write(all, 4).count()).isEqualTo(4);
        }
    }
}
