package io.spillway.bench.load;

import io.spillway.bench.cluster.ClusterQuestions;
import io.spillway.bench.cluster.CommandLineCluster;
import io.spillway.domain.request.PrefillSources;
import io.spillway.sdk.ChatAnswer;
import io.spillway.sdk.ChatCall;
import io.spillway.sdk.SpillwayClient;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Time to first token of one long prompt: computed cold, found on the node that computed it, and fetched from the store by
 * another node after that one was killed (first: the node's first fetch ever, its code not yet compiled). Every round is a cluster of its own.
 *
 * <p>Usage: {@code TtftBench [ROUNDS] [PROMPT_TOKENS]}; defaults 5 and 8192.
 */
public final class TtftBench {
    private static final int TOKENS_PER_FACT = 17;
    private static final int BLOCK_TOKENS = 64;
    private static final double NANOS_PER_MILLI = 1e6;

    private TtftBench() {
    }

    /** How the prompt's KV came to be where it was needed. */
    private enum Way {
        COLD, REUSED, ONBOARDED_FIRST, ONBOARDED
    }

    /** Bytes of one block of the model, as the cluster tells it. */
    private static long blockBytes;

    /** One measurement. */
    private record Sample(long ttftNanos, PrefillSources sources, int promptTokens) {
    }

    public static void main(final String[] args) throws Exception {
        final int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        final int promptTokens = args.length > 1 ? Integer.parseInt(args[1]) : 8192;
        final Map<Way, List<Sample>> samples = new EnumMap<>(Way.class);
        for (final Way way : Way.values()) {
            samples.put(way, new ArrayList<>());
        }
        for (int round = 1; round <= rounds; round++) {
            round(round, promptTokens, samples);
        }
        print(samples, rounds);
    }

    private static void round(final int round, final int promptTokens, final Map<Way, List<Sample>> samples)
        throws Exception {
        try (CommandLineCluster cluster = CommandLineCluster.start("--processes");
             SpillwayClient client = cluster.sdk("coordinator-1")) {
            cluster.awaitServing("coordinator-1", 2);
            // Both nodes' kernels get compiled first: a server is measured warm, whatever its cache.
            warmUp(client, round);
            blockBytes = client.models().getFirst().layout().blockBytes();
            // Of three prompts two land on the same one of two nodes: that one is killed.
            final Map<String, List<ChatCall>> callsByNode = new HashMap<>();
            for (int prompt = 0; prompt < 3; prompt++) {
                final ChatCall call = call(round, prompt, promptTokens);
                samples.get(Way.COLD).add(measure(client, call));
                final String node = ClusterQuestions.nodeOfLastRequest(cluster);
                callsByNode.computeIfAbsent(node, key -> new ArrayList<>()).add(call);
                samples.get(Way.REUSED).add(measure(client, call));
            }
            final Map.Entry<String, List<ChatCall>> victim = callsByNode.entrySet().stream()
                .filter(entry -> entry.getValue().size() > 1).findFirst().orElseThrow();
            ClusterQuestions.awaitStoreBlocks(cluster, 3L * samples.get(Way.COLD).getLast().promptTokens() / BLOCK_TOKENS);
            cluster.kill(victim.getKey());
            ClusterQuestions.awaitMembers(cluster, "engine", 1);
            samples.get(Way.ONBOARDED_FIRST).add(measure(client, victim.getValue().get(0)));
            samples.get(Way.ONBOARDED).add(measure(client, victim.getValue().get(1)));
            System.err.println("round " + round + " done");
        }
    }

    private static ChatCall call(final int round, final int prompt, final int promptTokens) {
        return ChatCall.to("brook").system("Prompt " + prompt + " of round " + round + ". " + ClusterQuestions.SYSTEM
            + ClusterQuestions.facts(promptTokens / TOKENS_PER_FACT)).user("How tall is the Ganki blanket?").greedy().maxTokens(16);
    }

    private static void warmUp(final SpillwayClient client, final int round) throws InterruptedException {
        final List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            final ChatCall call = ChatCall.to("brook")
                .system("Warm-up " + round + "." + i + " " + ClusterQuestions.facts(60)).user("Hello").greedy().maxTokens(32);
            threads.add(Thread.ofVirtual().start(() -> client.chat(call)));
        }
        for (final Thread thread : threads) {
            thread.join();
        }
    }

    private static Sample measure(final SpillwayClient client, final ChatCall call) {
        final long startNanos = System.nanoTime();
        final AtomicLong firstNanos = new AtomicLong();
        final ChatAnswer answer =
            client.chat(call, text -> firstNanos.compareAndSet(0, System.nanoTime() - startNanos));
        return new Sample(firstNanos.get(), answer.usage().sources(), answer.usage().promptTokens());
    }

    private static void print(final Map<Way, List<Sample>> samples, final int rounds) {
        System.out.println("| way | TTFT median ms | min | max | n | prompt tokens | device | host | remote | disk | computed |");
        System.out.println("|---|---|---|---|---|---|---|---|---|---|---|");
        samples.forEach((way, list) -> {
            final long[] nanos = list.stream().mapToLong(Sample::ttftNanos).sorted().toArray();
            final Sample last = list.getLast();
            final PrefillSources from = last.sources();
            System.out.printf(Locale.ROOT, "| %s | %.1f | %.1f | %.1f | %d | %d | %d | %d | %d | %d | %d |%n",
                way.name().toLowerCase(Locale.ROOT).replace('_', ' '), nanos[nanos.length / 2] / NANOS_PER_MILLI, nanos[0] / NANOS_PER_MILLI,
                nanos[nanos.length - 1] / NANOS_PER_MILLI, nanos.length, last.promptTokens(), from.deviceTokens(),
                from.hostTokens(), from.remoteTokens(), from.diskTokens(), from.computedTokens());
        });
        limits(median(samples.get(Way.ONBOARDED)) - median(samples.get(Way.REUSED)), samples.get(Way.ONBOARDED).getLast());
        System.out.println("rounds: " + rounds + "; one cluster per round, one process per role; JVM "
            + Runtime.version() + ", " + Runtime.getRuntime().availableProcessors() + " cores");
    }

    private static long median(final List<Sample> samples) {
        final long[] nanos = samples.stream().mapToLong(Sample::ttftNanos).sorted().toArray();
        return nanos[nanos.length / 2];
    }

    /** What a fetch costs over a hit, beside what this machine needs to copy as many bytes once. */
    private static void limits(final long fetchNanos, final Sample onboarded) {
        final long bytes = onboarded.sources().cachedTokens() / BLOCK_TOKENS * blockBytes;
        final java.nio.ByteBuffer from = java.nio.ByteBuffer.allocateDirect((int) bytes);
        final java.nio.ByteBuffer to = java.nio.ByteBuffer.allocateDirect((int) bytes);
        final long[] copies = new long[9];
        for (int i = 0; i < copies.length; i++) {
            final long startNanos = System.nanoTime();
            to.put(0, from, 0, (int) bytes);
            copies[i] = System.nanoTime() - startNanos;
        }
        java.util.Arrays.sort(copies);
        System.out.printf(Locale.ROOT, "a fetch moves %.1f MiB in %.0f ms more than a hit takes: %.2f GB/s; one copy of them here: %.1f ms, %.1f GB/s%n",
            bytes / 1048576.0, fetchNanos / NANOS_PER_MILLI, (double) bytes / fetchNanos, copies[4] / NANOS_PER_MILLI,
            (double) bytes / copies[4]);
    }
}
