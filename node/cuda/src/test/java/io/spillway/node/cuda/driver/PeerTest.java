package io.spillway.node.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.node.compute.DType;
import io.spillway.node.cuda.KernelImage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two GPUs of one process add and gather over each other's memory, each in a thread of its own. */
@Tag("driver")
class PeerTest {
    private static final int COUNT = 100;
    private final ExecutorService[] threads = {Executors.newSingleThreadExecutor(), Executors.newSingleThreadExecutor()};
    private final Rank[] ranks = new Rank[2];
    private FakeDriver fake;

    /** A GPU of the group. */
    private record Rank(PeerGpu gpu, DeviceCollective collective, DeviceBuffer memory, PinnedSlab slab) {
        static Rank of(final CudaDriver driver, final PeerGroup group, final int rank) {
            final CudaContext context = driver.open(rank);
            final PeerGpu gpu = new PeerGpu(context, new DevicePool(context), new CudaModules(context, List.of(KernelImage.load("group"))), CudaStream.of(context));
            return new Rank(gpu, group.join(gpu, rank), gpu.pool().allocate(4 * COUNT * 2, "test"), PinnedSlab.allocate(context, 4 * COUNT * 2));
        }

        void write(final float[] values) {
            gpu.stream().synchronize();
            slab.segment().copyFrom(MemorySegment.ofArray(values));
            gpu.stream().copyToDevice(memory.address(), slab.segment().asSlice(0, values.length * 4L));
        }

        float[] read(final int count) {
            gpu.stream().copyToHost(slab.segment(), memory.address());
            gpu.stream().synchronize();
            return slab.segment().asSlice(0, count * 4L).toArray(ValueLayout.JAVA_FLOAT);
        }

        Void leave() {
            collective.close();
            slab.close();
            memory.close();
            gpu.stream().close();
            gpu.modules().close();
            gpu.pool().close();
            gpu.context().close();
            return null;
        }
    }

    @BeforeEach
    void join() throws Exception {
        fake = FakeDriver.load();
        fake.revive();
        final PeerGroup group = new PeerGroup(2, 4 * COUNT);
        final Future<Rank> first = threads[0].submit(() -> Rank.of(fake.driver(), group, 0));
        final Future<Rank> second = threads[1].submit(() -> Rank.of(fake.driver(), group, 1));
        ranks[0] = first.get();
        ranks[1] = second.get();
    }

    @AfterEach
    void leave() throws Exception {
        both(ranks[0]::leave, ranks[1]::leave);
        for (final ExecutorService thread : threads) {
            thread.shutdown();
        }
        assertThat(fake.live()).isZero();
        assertThat(fake.handles()).isZero();
    }

    private void both(final Callable<?> first, final Callable<?> second) throws Exception {
        final Future<?> a = threads[0].submit(first);
        final Future<?> b = threads[1].submit(second);
        a.get();
        b.get();
    }

    /** Many calls behind each other without waiting: none may overtake another or read what is not there yet. */
    @Test
    void sumsFollowEachOther() throws Exception {
        final Random random = new Random(6);
        for (int trial = 0; trial < 30; trial++) {
            final float[][] parts = {new float[COUNT], new float[COUNT]};
            final float[] expected = new float[COUNT];
            final int calls = 1 + random.nextInt(5);
            for (int i = 0; i < COUNT; i++) {
                parts[0][i] = random.nextInt(9);
                parts[1][i] = random.nextInt(9);
                expected[i] = (parts[0][i] + parts[1][i]) * (1 << calls - 1);
            }
            both(() -> sums(0, parts[0], calls), () -> sums(1, parts[1], calls));
            for (int r = 0; r < 2; r++) {
                final int rank = r;
                assertThat(threads[r].submit(() -> ranks[rank].read(COUNT)).get()).isEqualTo(expected);
            }
        }
    }

    private Void sums(final int rank, final float[] part, final int calls) {
        ranks[rank].write(part);
        for (int i = 0; i < calls; i++) {
            ranks[rank].collective().sum(ranks[rank].gpu().stream(), ranks[rank].memory().address(), COUNT, DType.F32);
        }
        return null;
    }

    @Test
    void partsAreGatheredByRank() throws Exception {
        both(() -> gather(0, 1, 2), () -> gather(1, 3, 4));
        for (int r = 0; r < 2; r++) {
            final int rank = r;
            assertThat(threads[r].submit(() -> ranks[rank].read(6)).get()).endsWith(1, 2, 3, 4);
        }
    }

    private Void gather(final int rank, final float... part) {
        final Rank it = ranks[rank];
        it.write(part);
        it.collective().gather(it.gpu().stream(), it.memory().address(), it.memory().address(8, 16), 2, DType.F32);
        return null;
    }

    @Test
    void wrongCallsAreRefusedBeforeAnybodyWaits() throws Exception {
        threads[0].submit(() -> {
            final Rank it = ranks[0];
            assertThat(it.collective().rank()).isZero();
            assertThat(it.collective().ranks()).isEqualTo(2);
            assertThatThrownBy(() -> it.collective().sum(it.gpu().stream(), it.memory().address(), COUNT + 1, DType.F32))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("a part of 404 bytes, where 400 are the most");
            assertThatThrownBy(() -> it.collective().sum(it.gpu().stream(), it.memory().address(), 1, DType.Q8_0)).isInstanceOf(IllegalArgumentException.class);
            try (CudaStream other = CudaStream.of(it.gpu().context())) {
                assertThatThrownBy(() -> it.collective().sum(other, it.memory().address(), 1, DType.F32)).isInstanceOf(IllegalArgumentException.class);
            }
        }).get();
        assertThatThrownBy(() -> new PeerGroup(0, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
