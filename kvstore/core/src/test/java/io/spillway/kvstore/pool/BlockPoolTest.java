package io.spillway.kvstore.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BlockPoolTest {
    private static final int PAGE = 64;

    /** Random life of blocks of mixed sizes: pages add up, nobody's bytes change under another's hands. */
    @Property(tries = 200)
    void pagesAddUpAndBlocksDoNotOverlap(
        @ForAll final long seed, @ForAll @IntRange(min = 4, max = 60) final int pages) {
        final SplittableRandom random = new SplittableRandom(seed);
        final BlockPool pool = new BlockPool((long) pages * PAGE, PAGE);
        final List<Held> held = new ArrayList<>();
        for (int step = 0; step < 200; step++) {
            act(pool, held, random);
            pool.checkInvariants();
            final int expected = held.stream().mapToInt(one -> Math.ceilDiv(one.bytes.length, PAGE)).sum();
            assertThat(pool.use().leased() + pool.use().cached()).isEqualTo(expected);
            assertThat(pool.use().free()).isEqualTo(pages - expected);
        }
        for (final Held one : held) {
            assertThat(contents(one.block)).isEqualTo(one.bytes);
        }
        held.forEach(one -> {
            if (one.kept) {
                pool.drop(one.block);
            }
            for (int i = 0; i < one.leases; i++) {
                pool.release(one.block);
            }
        });
        pool.close();
    }

    private static void act(final BlockPool pool, final List<Held> held, final SplittableRandom random) {
        final int action = held.isEmpty() ? 0 : random.nextInt(5);
        final Held one = held.isEmpty() ? null : held.get(random.nextInt(held.size()));
        switch (action) {
            case 0 -> {
                final byte[] bytes = new byte[1 + random.nextInt(6 * PAGE)];
                random.nextBytes(bytes);
                final boolean fits = Math.ceilDiv(bytes.length, PAGE) <= pool.use().free();
                final PooledBlock block = pool.allocate(bytes.length);
                assertThat(block != null).isEqualTo(fits);
                if (block != null) {
                    block.copyFrom(MemorySegment.ofArray(bytes));
                    held.add(new Held(block, bytes));
                }
            }
            case 1 -> {
                pool.lease(one.block);
                one.leases++;
            }
            case 2 -> {
                if (!one.kept && one.leases > 0) {
                    pool.keep(one.block);
                    one.kept = true;
                }
            }
            case 3 -> {
                if (one.leases > 0) {
                    pool.release(one.block);
                    one.leases--;
                }
            }
            default -> {
                if (one.kept) {
                    pool.drop(one.block);
                    one.kept = false;
                }
            }
        }
        if (one != null && !one.kept && one.leases == 0) {
            held.remove(one);
        }
    }

    @Test
    void aFragmentedPoolStillServesAWholeBlock() {
        final BlockPool pool = new BlockPool(8 * PAGE, PAGE);
        final List<PooledBlock> ones = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            ones.add(pool.allocate(PAGE));
        }
        for (int i = 0; i < 8; i += 2) {
            pool.release(ones.get(i));
        }
        final byte[] bytes = new byte[4 * PAGE - 3];
        new SplittableRandom(1).nextBytes(bytes);
        final PooledBlock whole = pool.allocate(bytes.length);
        assertThat(whole.parts()).hasSize(4);
        whole.copyFrom(MemorySegment.ofArray(bytes));
        assertThat(whole.crc32c()).isEqualTo(Checksums.crc32c(MemorySegment.ofArray(bytes)));
        assertThat(contents(whole)).isEqualTo(bytes);
        assertThat(pool.allocate(1)).isNull();
    }

    /** Any split of writes and reads is the same as one copy. */
    @Property(tries = 200)
    void piecesMakeTheWhole(@ForAll final long seed) {
        final SplittableRandom random = new SplittableRandom(seed);
        final BlockPool pool = new BlockPool(16 * PAGE, PAGE);
        final PooledBlock gap = pool.allocate(random.nextInt(1, 5 * PAGE));
        final PooledBlock after = pool.allocate(PAGE);
        pool.release(gap);
        final byte[] bytes = new byte[random.nextInt(1, 12 * PAGE)];
        random.nextBytes(bytes);
        final PooledBlock block = pool.allocate(bytes.length);
        for (int at = 0; at < bytes.length; ) {
            final int count = Math.min(bytes.length - at, 1 + random.nextInt(2 * PAGE));
            block.write(at, MemorySegment.ofArray(bytes).asSlice(at, count));
            at += count;
        }
        assertThat(contents(block)).isEqualTo(bytes);
        final int from = random.nextInt(bytes.length);
        final byte[] part = new byte[random.nextInt(bytes.length - from + 1)];
        block.read(from, MemorySegment.ofArray(part));
        assertThat(part).isEqualTo(Arrays.copyOfRange(bytes, from, from + part.length));
        assertThatThrownBy(() -> block.write(bytes.length, MemorySegment.ofArray(new byte[1])))
            .isInstanceOf(IndexOutOfBoundsException.class);
        pool.release(after);
        pool.release(block);
        pool.close();
    }

    @Test
    void closeFailsOnALeak() {
        final BlockPool pool = new BlockPool(4 * PAGE, PAGE);
        final PooledBlock leaked = pool.allocate(1);
        assertThatThrownBy(pool::close).isInstanceOf(IllegalStateException.class).hasMessageContaining("still held");
        pool.release(leaked);
        pool.close();
        assertThatThrownBy(() -> leaked.parts().getFirst().get(ValueLayout.JAVA_BYTE, 0))
            .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void misuseIsABug() {
        final BlockPool pool = new BlockPool(4 * PAGE, PAGE);
        final PooledBlock block = pool.allocate(1);
        pool.release(block);
        assertThatThrownBy(() -> pool.release(block)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.lease(block)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.keep(block)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.drop(block)).isInstanceOf(IllegalStateException.class);
    }

    private static byte[] contents(final PooledBlock block) {
        final byte[] bytes = new byte[(int) block.bytes()];
        block.copyTo(MemorySegment.ofArray(bytes));
        return bytes;
    }

    private static final class Held {
        private final PooledBlock block;
        private final byte[] bytes;
        private int leases = 1;
        private boolean kept;

        private Held(final PooledBlock block, final byte[] bytes) {
            this.block = block;
            this.bytes = bytes;
        }
    }
}
