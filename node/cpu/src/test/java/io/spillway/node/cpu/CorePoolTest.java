package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class CorePoolTest {
    @Test
    void everyPieceRunsOnce() {
        try (CorePool pool = new CorePool(4)) {
            for (int count = 0; count < 2000; count++) {
                final int pieces = count % 37;
                final AtomicIntegerArray runs = new AtomicIntegerArray(37);
                pool.run(pieces, (piece, worker) -> {
                    assertThat(worker).isBetween(0, 3);
                    runs.incrementAndGet(piece);
                });
                for (int piece = 0; piece < 37; piece++) {
                    assertThat(runs.get(piece)).isEqualTo(piece < pieces ? 1 : 0);
                }
            }
        }
    }

    @Test
    void callersDoNotWaitForEachOther() throws InterruptedException {
        try (CorePool pool = new CorePool(3)) {
            final AtomicReference<Throwable> failure = new AtomicReference<>();
            final List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                callers.add(Thread.ofPlatform().uncaughtExceptionHandler((t, e) -> failure.set(e)).start(() -> {
                    for (int round = 0; round < 500; round++) {
                        final int[] written = new int[20]; // plain memory: run() publishes what the pieces wrote
                        pool.run(20, (piece, worker) -> written[piece] = piece + 1);
                        for (int piece = 0; piece < 20; piece++) {
                            assertThat(written[piece]).isEqualTo(piece + 1);
                        }
                    }
                }));
            }
            for (final Thread caller : callers) {
                caller.join();
            }
            assertThat(failure.get()).isNull();
        }
    }

    @Test
    void aFailingPieceIsReportedAndThePoolGoesOn() {
        try (CorePool pool = new CorePool(2)) {
            for (final Throwable thrown : List.of(new IllegalStateException("piece"), new AssertionError("piece"))) {
                assertThatThrownBy(() -> pool.run(10, (piece, worker) -> {
                    if (piece == 4) {
                        if (thrown instanceof Error error) {
                            throw error;
                        }
                        throw (RuntimeException) thrown;
                    }
                })).isSameAs(thrown);
                final AtomicIntegerArray runs = new AtomicIntegerArray(1);
                pool.run(10, (piece, worker) -> runs.incrementAndGet(0));
                assertThat(runs.get(0)).isEqualTo(10);
            }
        }
    }

    @Test
    void idleWorkersPark() {
        try (CorePool pool = new CorePool(3)) {
            pool.run(8, (piece, worker) -> Thread.onSpinWait());
            final List<Thread> workers = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().startsWith("spillway-compute-")).toList();
            assertThat(workers).hasSize(2);
            final long deadlineNanos = System.nanoTime() + Duration.ofSeconds(10).toNanos();
            while (workers.stream().anyMatch(worker -> worker.getState() != Thread.State.WAITING) && System.nanoTime() < deadlineNanos) {
                Thread.onSpinWait();
            }
            assertThat(workers).allMatch(worker -> worker.getState() == Thread.State.WAITING);
        }
    }
}
