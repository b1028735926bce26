package io.spillway.kvstore.transfer;

import io.spillway.domain.kv.BlockHash;
import io.spillway.kvstore.service.BlockSink;
import io.spillway.kvstore.service.Fetch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Prints what loopback transfer and idleness cost on this machine. Run by hand: {@code DIRECTORY [idleSeconds]}. */
final class TransferMeasurement {
    private TransferMeasurement() {
    }

    public static void main(final String[] arguments) {
        final Path directory = Path.of(arguments[0]);
        final int idleSeconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 10;
        try (Member one = Member.start("one", directory)) {
            idle("one endpoint, no peers", idleSeconds);
            try (Member two = Member.start("two", directory)) {
                one.connectTo(two);
                two.connectTo(one);
                idle("two endpoints, connected both ways (sum)", idleSeconds);
                latency(one, two);
                throughput(one, two, 384 * 1024, 128);
                throughput(one, two, 2 << 20, 32);
            }
        }
    }

    private static void idle(final String what, final int seconds) {
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(2));
        final long cpuBefore = cpuNanos();
        final long before = System.nanoTime();
        while (System.nanoTime() - before < TimeUnit.SECONDS.toNanos(seconds)) {
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
        }
        System.out.printf("idle, %s: %.2f %% of a core%n",
            what, 100.0 * (cpuNanos() - cpuBefore) / (System.nanoTime() - before));
    }

    private static void latency(final Member one, final Member two) {
        final List<BlockHash> chain = two.store(1, List.of(Member.bytes(1, 4096)));
        for (final long pauseMillis : new long[] {0, 20, 1500}) {
            final long[] nanos = new long[pauseMillis > 100 ? 5 : 200];
            for (int i = 0; i < nanos.length; i++) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(pauseMillis));
                final long before = System.nanoTime();
                Member.get(one.transfer.lookup(two.id, chain, Member.in(5000)));
                nanos[i] = System.nanoTime() - before;
            }
            Arrays.sort(nanos);
            System.out.printf("lookup after %d ms of quiet: p50 %.3f ms, max %.3f ms%n",
                pauseMillis, nanos[nanos.length / 2] / 1e6, nanos[nanos.length - 1] / 1e6);
        }
    }

    private static void throughput(final Member one, final Member two, final int bytes, final int blocks) {
        final List<byte[]> content = new ArrayList<>();
        for (int i = 0; i < blocks; i++) {
            content.add(Member.bytes(i, bytes));
        }
        final List<BlockHash> chain = two.store(bytes, content);
        try (Arena arena = Arena.ofShared()) {
            final List<MemorySegment> targets = Member.targets(arena, content);
            for (int round = 0; round < 12; round++) {
                final long cpuBefore = cpuNanos();
                final long before = System.nanoTime();
                final int got = Member.get(
                    one.transfer.get(new Fetch(two.id, chain, targets, BlockSink.NONE), Member.in(20_000))).blocks();
                final long nanos = System.nanoTime() - before;
                if (round >= 8) {
                    System.out.printf("get of %d x %d KiB: %.2f GB/s, %.2f cores%n", got, bytes / 1024,
                        (double) got * bytes / nanos, (double) (cpuNanos() - cpuBefore) / nanos);
                }
            }
        }
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getProcessCpuTime();
    }
}
