package io.spillway.bench.prompt;

import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.chat.TextChatModel;
import io.spillway.gateway.prefix.PromptMemory;
import io.spillway.gateway.prefix.PromptText;
import io.spillway.text.ModelText;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What a long conversation costs a coordinator's core on every turn before anything is placed: its template rendered, its text encoded, its
 * blocks hashed. Encoding and hashing all of it stands beside doing so for what was added, on the same turns; both must give the same.
 */
public final class PromptBench {
    private static final double NANOS_PER_MILLI = 1e6;
    private static final int WARM_UP_ROUNDS = 2;
    private static final int SAMPLE_CHARS = 20_000;
    private static final int BLOCK_TOKENS = 64;
    private static final long MEMORY_BYTES = 64L << 20;
    private static final PromptMemory.Blocks BLOCKS = new PromptMemory.Blocks(new BlockHash(1, 2), BLOCK_TOKENS);
    private static final PromptMemory.Owner OWNER = new PromptMemory.Owner(new TenantId("bench"), new ModelId("bench"));

    private final TextChatModel model;
    private final Options options;
    private final List<Turn> turns = new ArrayList<>();
    private final double charsPerToken;
    private int sink;

    /** What the command line says. */
    private record Options(Path model, int tokens, int addedTokens, int turns, int rounds) {
    }

    /** Core nanoseconds of one turn. */
    private record Turn(int tokens, long renderNanos, long wholeNanos, long addedNanos) {
    }

    private PromptBench(final TextChatModel model, final Options options) {
        this.model = model;
        this.options = options;
        final String sample = words(SAMPLE_CHARS, 0);
        this.charsPerToken = (double) sample.length() / model.encode(new Prompt.Text(sample)).length;
    }

    /** @param args see {@link io.spillway.bench.BenchMain} */
    public static void main(final String[] args) {
        final Options options = options(args);
        if (options == null) {
            System.err.println("spillway: usage: bench prompt [--model M] [-p TOKENS] [--add TOKENS] [-t TURNS] [-r ROUNDS]");
            System.exit(2);
            return;
        }
        try (ModelText text = ModelText.load(options.model())) {
            final PromptBench bench = new PromptBench(new TextChatModel(text), options);
            for (int round = -WARM_UP_ROUNDS; round < options.rounds(); round++) {
                bench.round(round, round >= 0);
            }
            bench.print();
        }
    }

    private static Options options(final String[] args) {
        Options options = new Options(Path.of("deploy/local/models/brook/brook"), 100_000, 1000, 8, 3);
        for (int i = 0; i + 1 < args.length; i += 2) {
            final String value = args[i + 1];
            options = switch (args[i]) {
                case "--model" -> new Options(Path.of(value), options.tokens, options.addedTokens, options.turns, options.rounds);
                case "-p" -> new Options(options.model, Integer.parseInt(value), options.addedTokens, options.turns, options.rounds);
                case "--add" -> new Options(options.model, options.tokens, Integer.parseInt(value), options.turns, options.rounds);
                case "-t" -> new Options(options.model, options.tokens, options.addedTokens, Integer.parseInt(value), options.rounds);
                case "-r" -> new Options(options.model, options.tokens, options.addedTokens, options.turns, Integer.parseInt(value));
                default -> null;
            };
            if (options == null) {
                return null;
            }
        }
        return args.length % 2 == 0 ? options : null;
    }

    private void round(final int round, final boolean counts) {
        final PromptMemory memory = new PromptMemory(MEMORY_BYTES);
        final List<Map<String, Object>> messages = new ArrayList<>();
        messages.add(message("system", text(options.tokens / 2, round)));
        messages.add(message("user", text(options.tokens / 2, round + 1000)));
        memory.encode(OWNER, text(messages), BLOCKS);
        for (int turn = 0; turn < options.turns; turn++) {
            messages.add(message("assistant", text(options.addedTokens / 2, turn)));
            messages.add(message("user", text(options.addedTokens / 2, turn + 500)));
            final Turn measured = measure(memory, messages);
            if (counts) {
                turns.add(measured);
            }
        }
    }

    private Turn measure(final PromptMemory memory, final List<Map<String, Object>> messages) {
        final Timed<PromptText> text = timed(() -> text(messages));
        final Timed<PromptMemory.Encoded> whole = timed(() -> PromptMemory.of(text.result.encode().apply(text.result.text()), BLOCKS));
        final Timed<PromptMemory.Encoded> added = timed(() -> memory.encode(OWNER, text.result, BLOCKS));
        if (!Arrays.equals(whole.result.tokens(), added.result.tokens()) || !whole.result.chain().equals(added.result.chain())) {
            throw new IllegalStateException("what was added gives other tokens than the whole");
        }
        sink += added.result.tokens().length;
        return new Turn(added.result.tokens().length, text.nanos, whole.nanos, added.nanos);
    }

    /** A result and the core time it took. */
    private record Timed<T>(T result, long nanos) {
    }

    private static <T> Timed<T> timed(final Supplier<T> work) {
        final long startNanos = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        final T result = work.get();
        return new Timed<>(result, ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - startNanos);
    }

    private PromptText text(final List<Map<String, Object>> messages) {
        return model.text(new Prompt.Messages(messages, List.of(), Map.of())).orElseThrow();
    }

    private static Map<String, Object> message(final String role, final String content) {
        return Map.of("role", role, "content", content);
    }

    private String text(final int tokens, final int salt) {
        return words((int) (tokens * charsPerToken), salt);
    }

    /** Text of so many characters, different for every salt. */
    private static String words(final int chars, final int salt) {
        final StringBuilder words = new StringBuilder("Part " + salt + ". ");
        for (int i = 0; words.length() < chars; i++) {
            words.append("  public int value").append((i * 31 + salt) % 977).append("() { return ").append(i).append("; } // line\n");
        }
        return words.toString();
    }

    private void print() {
        System.out.println("| prompt tokens | added | render, core-ms | encode and hash all, core-ms | only what was added, core-ms | turns |");
        System.out.println("|---|---|---|---|---|---|");
        System.out.printf(Locale.ROOT, "| %d | %d | %.2f | %.2f | %.2f | %d |%n", median(turns.stream().mapToLong(Turn::tokens).toArray()),
            (turns.get(1).tokens - turns.get(0).tokens), median(turns.stream().mapToLong(Turn::renderNanos).toArray()) / NANOS_PER_MILLI,
            median(turns.stream().mapToLong(Turn::wholeNanos).toArray()) / NANOS_PER_MILLI,
            median(turns.stream().mapToLong(Turn::addedNanos).toArray()) / NANOS_PER_MILLI, turns.size());
        if (sink == 0) {
            throw new IllegalStateException("nothing was measured");
        }
    }

    private static long median(final long[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }
}
