package io.spillway.node.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.node.compute.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two GPUs of one process through NCCL's interface, over a library whose parts wait for each other as late as they may. */
@Tag("driver")
class NcclTest {
    private static final Path LIBRARIES = Path.of(System.getProperty("spillway.root"), "node", "cuda", "target", "shim", "libraries");
    private final Member[] members = new Member[2];
    private Nccl nccl;
    private FakeDriver fake;

    /** A rank with memory of its own. */
    private record Member(CudaContext context, DevicePool pool, CudaStream stream, DeviceCollective collective, DeviceBuffer memory, PinnedSlab slab) {
        static Member of(final CudaDriver driver, final Nccl nccl, final byte[] group, final int rank) {
            final CudaContext context = driver.open(rank);
            final DevicePool pool = new DevicePool(context);
            return new Member(context, pool, CudaStream.of(context), nccl.join(context, group, rank, 2), pool.allocate(256, "test"),
                PinnedSlab.allocate(context, 256));
        }

        void write(final float... values) {
            context.bind();
            slab.segment().copyFrom(MemorySegment.ofArray(values));
            stream.copyToDevice(memory.address(), slab.segment().asSlice(0, values.length * 4L));
        }

        float[] read(final int count) {
            context.bind();
            stream.copyToHost(slab.segment(), memory.address());
            stream.synchronize();
            return slab.segment().asSlice(0, count * 4L).toArray(ValueLayout.JAVA_FLOAT);
        }

        void close() {
            context.bind();
            slab.close();
            memory.close();
            collective.close();
            stream.close();
            pool.close();
            context.close();
        }
    }

    @BeforeEach
    void join() throws Exception {
        fake = FakeDriver.load();
        fake.revive();
        nccl = Nccl.open(List.of(LIBRARIES)).orElseThrow();
        final byte[] group = nccl.newGroup();
        final CompletableFuture<Member> other = new CompletableFuture<>();
        final Thread thread = Thread.ofPlatform().start(() -> other.complete(Member.of(fake.driver(), nccl, group, 1)));
        members[0] = Member.of(fake.driver(), nccl, group, 0);
        thread.join();
        members[1] = other.get();
    }

    @AfterEach
    void leave() throws Throwable {
        for (final Member member : members) {
            member.close();
        }
        assertThat((long) Linker.nativeLinker().downcallHandle(SymbolLookup.libraryLookup(LIBRARIES.resolve("libnccl.so.2"), Arena.global())
            .findOrThrow("stub_live"), FunctionDescriptor.of(ValueLayout.JAVA_LONG)).invokeExact()).isZero();
        assertThat(fake.live()).isZero();
    }

    @Test
    void sumsAreTheSameOnEveryRank() {
        final Random random = new Random(9);
        for (int trial = 0; trial < 50; trial++) {
            final float[] a = {random.nextInt(100), random.nextInt(100), random.nextInt(100)};
            final float[] b = {random.nextInt(100), random.nextInt(100), random.nextInt(100)};
            members[0].write(a);
            members[1].write(b);
            for (final Member member : members) {
                member.context().bind();
                member.collective().sum(member.stream(), member.memory().address(), 3, DType.F32);
            }
            final int first = random.nextInt(2);
            for (final Member member : List.of(members[first], members[1 - first])) {
                assertThat(member.read(3)).containsExactly(a[0] + b[0], a[1] + b[1], a[2] + b[2]);
            }
        }
    }

    @Test
    void halvesAreSummedAndPartsAreGathered() {
        final float pair = Float.intBitsToFloat(0x3F803F80); // two ones of bf16
        members[0].write(pair);
        members[1].write(pair);
        for (final Member member : members) {
            member.context().bind();
            member.collective().sum(member.stream(), member.memory().address(), 2, DType.BF16);
            member.collective().gather(member.stream(), member.memory().address(), member.memory().address(64, 8), 1, DType.F32);
            assertThat(member.collective().ranks()).isEqualTo(2);
        }
        final float sum = Float.intBitsToFloat(0x40004000);
        for (final Member member : members) {
            assertThat(member.read(18)).startsWith(sum).endsWith(sum, sum);
        }
    }

    /** Captured once on each rank and launched again, with kernels' work before and after. */
    @Test
    void goesIntoGraphs() {
        final CudaGraph[] graphs = new CudaGraph[2];
        for (int r = 0; r < 2; r++) {
            final Member member = members[r];
            member.write(1 + r);
            graphs[r] = CudaGraph.capture(member.stream(), () -> member.collective().sum(member.stream(), member.memory().address(), 1, DType.F32));
        }
        for (int round = 0; round < 3; round++) {
            for (int r = 0; r < 2; r++) {
                members[r].context().bind();
                graphs[r].launch(members[r].stream());
            }
        }
        for (int r = 0; r < 2; r++) {
            assertThat(members[r].read(1)).containsExactly(12);
            graphs[r].close();
        }
    }

    @Test
    void wrongCallsAreTyped() {
        assertThatThrownBy(() -> nccl.join(members[0].context(), new byte[4], 0, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> nccl.join(members[0].context(), nccl.newGroup(), 2, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> nccl.join(members[0].context(), new byte[128], 0, 2)).isInstanceOf(LibraryException.class)
            .hasMessage("ncclCommInitRank: ncclInvalidArgument (4)");
        members[0].context().bind();
        assertThatThrownBy(() -> members[0].collective().sum(members[0].stream(), 4096, 8, DType.F16)).isInstanceOf(LibraryException.class);
        assertThatThrownBy(() -> members[0].collective().sum(members[0].stream(), members[0].memory().address(), 8, DType.Q8_0))
            .isInstanceOf(IllegalArgumentException.class);
        assertThat(Nccl.open(List.of(Path.of("/no/such/folder")))).isNotNull();
    }
}
