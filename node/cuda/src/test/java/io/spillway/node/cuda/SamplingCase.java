package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.node.sampling.Logprobs;
import io.spillway.node.sampling.Sampler;
import io.spillway.node.sampling.TokenConstraint;
import io.spillway.node.sampling.TokenHistory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Rows of random parameters that get tokens for several steps, by the sampler and on the device. The last row only fills the bucket.
 */
final class SamplingCase {
    private static final int SLOTS = 5;
    private static final int LIKELY = 6;

    private final Random random;
    private final int rows;
    private final int vocabulary;
    private final int steps;
    private final SamplingParams[] params;
    private final int[][] prompts;
    private final int[][] outputs;       // before the first step
    private final int[] slots;
    private final boolean[] hasMask;
    private final float[][] logits;      // [steps][rows + 1][vocabulary]
    private final long[][] masks;        // [steps][rows][words]
    private boolean isWhole;

    /** What a step gave a row. */
    private record Outcome(int token, TokenLogprob logprob) {
    }

    SamplingCase(final Random random, final int rows, final int vocabulary, final int steps) {
        this.random = random;
        this.rows = rows;
        this.vocabulary = vocabulary;
        this.steps = steps;
        params = new SamplingParams[rows];
        prompts = new int[rows][];
        outputs = new int[rows][];
        slots = random.ints(0, SLOTS).distinct().limit(rows).toArray();
        hasMask = new boolean[rows];
        logits = new float[steps][(rows + 1) * vocabulary];
        masks = new long[steps][rows * TokenConstraint.maskWords(vocabulary)];
    }

    /** Logits are whole numbers. */
    SamplingCase ofWholeNumbers() {
        isWhole = true;
        return this;
    }

    void check(final Shim shim) {
        for (int r = 0; r < rows; r++) {
            params[r] = params(random.nextInt(8));
            prompts[r] = tokens(random.nextInt(9));
            outputs[r] = tokens(random.nextInt(9));
            hasMask[r] = random.nextInt(4) == 0;
        }
        for (int step = 0; step < steps; step++) {
            fill(logits[step]);
            fillMasks(masks[step]);
        }
        final int[] expected = expected();
        final int[] actual = MemorySegment.ofArray(Twins.run(shim, this::onDevice)).toArray(ValueLayout.JAVA_INT_UNALIGNED);
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            // The library's logarithm may differ in the last bit of a double, and so the result in that of a float.
            final boolean isLogprob = i % Report.INTS >= Report.LOGPROBS;
            assertThat(Math.abs(actual[i] - expected[i])).as("%s: number %s: %s, not %s", this, i, actual[i], expected[i]).isLessThanOrEqualTo(isLogprob ? 1 : 0);
        }
    }

    /** Of few tokens, which are likely: penalties matter. */
    private int[] tokens(final int count) {
        return random.ints(count, 0, Math.min(vocabulary, LIKELY)).toArray();
    }

    private SamplingParams params(final int kind) {
        final Map<Integer, Float> bias = new HashMap<>();
        for (int i = random.nextInt(3) == 0 ? random.nextInt(50) : 0; i > 0; i--) {
            bias.put(random.nextInt(vocabulary), random.nextInt(9) == 0 ? -Float.MAX_VALUE : random.nextFloat() * 20 - 10);
        }
        final boolean isPlain = random.nextBoolean();
        final int topK = random.nextInt(3) == 0 ? 1 + random.nextInt(random.nextBoolean() ? 60 : vocabulary) : 0;
        return new SamplingParams(kind == 0 ? 0f : new float[] {0.3f, 0.7f, 1f, 1f, 2f, 50f}[random.nextInt(6)], topK,
            random.nextBoolean() ? random.nextFloat() : 1f, random.nextInt(4) == 0 ? random.nextFloat() * 0.3f : 0f,
            random.nextInt(4) == 0 ? random.nextFloat() : 1f, isPlain ? 0f : random.nextFloat() * 2, isPlain ? 0f : random.nextFloat(),
            isPlain ? 1f : 0.5f + random.nextFloat(), random.nextInt(2) * random.nextInt(8), isPlain ? Map.of() : bias, random.nextLong(),
            random.nextInt(3) == 0 ? random.nextInt(21) : -1);
    }

    /** Ties, zeros of both signs, forbidden tokens; now and then a row that nobody can choose from. */
    private void fill(final float[] x) {
        final float spread = new float[] {0f, 0.05f, 1f, 3f, 8f}[random.nextInt(5)];
        final boolean hasTies = isWhole || random.nextInt(3) == 0;
        final int forbidden = random.nextBoolean() ? 5 : 1000;
        for (int i = 0; i < x.length; i++) {
            final float logit = (float) random.nextGaussian() * spread;
            x[i] = random.nextInt(forbidden) == 0 ? Float.NEGATIVE_INFINITY
                : hasTies ? Math.round(logit) * (random.nextBoolean() ? 1f : random.nextBoolean() ? -1f : -0f) : logit;
            if (!isWhole && random.nextInt(200) == 0) {
                x[i] *= 1e-9f; // levels of different logits that a double cannot tell apart
            }
            x[i] += i % vocabulary < LIKELY ? 3 * Math.round(spread) : 0;
        }
        if (random.nextInt(8) == 0) {
            x[random.nextInt(x.length)] = random.nextBoolean() ? Float.NaN : Float.POSITIVE_INFINITY;
        }
        if (random.nextInt(20) == 0) {
            Arrays.fill(x, 0, vocabulary, Float.NEGATIVE_INFINITY);
        }
    }

    private void fillMasks(final long[] words) {
        final int wordsOfRow = TokenConstraint.maskWords(vocabulary);
        final int share = random.nextBoolean() ? 2 : 40;
        for (int r = 0; r < rows; r++) {
            for (int token = 0; token < vocabulary; token++) {
                if (random.nextInt(share) == 0 || token == r) {
                    words[r * wordsOfRow + (token >> 6)] |= 1L << token;
                }
            }
        }
    }

    /** What is compared of a step and a row. */
    private static final class Report {
        static final int TOKEN = 0;
        static final int INPUT_TOKEN = 1;
        static final int INPUT_POSITION = 2;
        static final int TOP_COUNT = 3;
        static final int TOP_TOKENS = 4;
        static final int LOGPROBS = TOP_TOKENS + SamplingCall.TOP_LOGPROBS_MAX;
        static final int INTS = LOGPROBS + 1 + SamplingCall.TOP_LOGPROBS_MAX;

        private Report() {
        }
    }

    private int[] expected() {
        final int[] report = new int[steps * (rows + 1) * Report.INTS];
        for (int r = 0; r < rows; r++) {
            final TokenHistory history = new TokenHistory(params[r]);
            history.addPrompt(prompts[r]);
            for (final int token : outputs[r]) {
                history.addOutput(token);
            }
            final Sampler sampler = new Sampler(vocabulary);
            int inputToken = 0;
            boolean isActive = true;
            for (int step = 0; step < steps; step++) {
                final int at = (step * (rows + 1) + r) * Report.INTS;
                final Outcome outcome = isActive ? choose(sampler, history, step, r) : new Outcome(SamplingCall.NO_TOKEN, null);
                isActive = outcome.token != SamplingCall.NO_TOKEN;
                if (isActive) {
                    history.addOutput(outcome.token);
                    inputToken = outcome.token;
                }
                report[at + Report.TOKEN] = outcome.token;
                report[at + Report.INPUT_TOKEN] = inputToken;
                report[at + Report.INPUT_POSITION] = isActive ? position(r) + step + 1 : -1;
                write(outcome.logprob, report, at);
            }
        }
        for (int step = 0; step < steps; step++) {
            final int at = (step * (rows + 1) + rows) * Report.INTS;
            report[at + Report.TOKEN] = -7;
            report[at + Report.INPUT_POSITION] = -1;
        }
        return report;
    }

    private static void write(final TokenLogprob logprob, final int[] report, final int at) {
        if (logprob == null) {
            return;
        }
        report[at + Report.TOP_COUNT] = logprob.top().size();
        report[at + Report.LOGPROBS] = Float.floatToRawIntBits(logprob.logprob());
        for (int i = 0; i < logprob.top().size(); i++) {
            report[at + Report.TOP_TOKENS + i] = logprob.top().get(i).tokenId();
            report[at + Report.LOGPROBS + 1 + i] = Float.floatToRawIntBits(logprob.top().get(i).logprob());
        }
    }

    private int position(final int row) {
        return prompts[row].length + outputs[row].length;
    }

    private Outcome choose(final Sampler sampler, final TokenHistory history, final int step, final int row) {
        final int words = TokenConstraint.maskWords(vocabulary);
        final long[] mask = hasMask[row] ? Arrays.copyOfRange(masks[step], row * words, (row + 1) * words) : null;
        try {
            final int token = sampler.sample(logits[step], row * vocabulary, params[row], history, outputs[row].length + step, mask);
            return new Outcome(token, params[row].wantsLogprobs()
                ? Logprobs.of(logits[step], row * vocabulary, vocabulary, token, params[row].topLogprobs()) : null);
        } catch (final SpillwayException e) {
            return new Outcome(SamplingCall.NO_TOKEN, null); // the model's failure
        }
    }

    private MemorySegment onDevice(final Twins.Device device) {
        final DeviceMemory memory = device.memory();
        final MemorySegment rowMemory = memory.bytes((long) (rows + 1) * SamplingRow.BYTES);
        final MemorySegment maskMemory = memory.bytes(8L * masks[0].length);
        final SamplingCall.Extras extras = extras(device, rowMemory, maskMemory.address());
        final MemorySegment input = memory.bytes(4L * (rows + 1));
        final MemorySegment positions = memory.bytes(4L * (rows + 1)).fill((byte) -1);
        for (int r = 0; r < rows; r++) {
            positions.setAtIndex(ValueLayout.JAVA_INT, r, position(r));
        }
        final MemorySegment tokens = memory.bytes(4L * (rows + 1));
        tokens.setAtIndex(ValueLayout.JAVA_INT, rows, -7);
        final MemorySegment shared = memory.bytes(SamplingMemory.bytes(rows + 1, rows, vocabulary));
        final SamplingMemory sampling = SamplingMemory.at(shared.address(), rows + 1, rows, vocabulary);
        final MemorySegment report = memory.bytes(4L * steps * (rows + 1) * Report.INTS);
        for (int step = 0; step < steps; step++) {
            maskMemory.copyFrom(MemorySegment.ofArray(masks[step]));
            shared.fill((byte) 0xA7); // no step relies on what another left
            final SamplingCall.Rows all = new SamplingCall.Rows(device.address(logits[step]), rowMemory.address(), rows + 1);
            device.run(new SamplingCall.Scan(all, extras, sampling));
            device.run(new SamplingCall.Weigh(all, sampling));
            device.run(new SamplingCall.Choose(all, extras, sampling, tokens.address(), input.address(), positions.address()));
            final MemorySegment lists = memory.bytes(4L * (rows + 1) * (2 + 2 * SamplingCall.TOP_LOGPROBS_MAX));
            final long chosen = lists.address();
            final long counts = chosen + 4L * (rows + 1);
            final long top = counts + 4L * (rows + 1);
            final long logprobs = top + 4L * (rows + 1) * SamplingCall.TOP_LOGPROBS_MAX;
            device.run(new SamplingCall.ListLogprobs(all, sampling, tokens.address(), chosen, counts, top, logprobs));
            report(report, step, List.of(tokens, input, positions), lists);
        }
        return report;
    }

    private void report(final MemorySegment report, final int step, final List<MemorySegment> of, final MemorySegment lists) {
        final int topMax = SamplingCall.TOP_LOGPROBS_MAX;
        final int all = rows + 1;
        for (int r = 0; r < all; r++) {
            final long at = (long) (step * all + r) * Report.INTS;
            for (int i = 0; i < of.size(); i++) {
                report.setAtIndex(ValueLayout.JAVA_INT, at + i, of.get(i).getAtIndex(ValueLayout.JAVA_INT, r));
            }
            final int count = lists.getAtIndex(ValueLayout.JAVA_INT, all + r);
            report.setAtIndex(ValueLayout.JAVA_INT, at + Report.TOP_COUNT, count);
            report.setAtIndex(ValueLayout.JAVA_INT, at + Report.LOGPROBS, lists.getAtIndex(ValueLayout.JAVA_INT, r));
            for (int i = 0; i < count; i++) {
                report.setAtIndex(ValueLayout.JAVA_INT, at + Report.TOP_TOKENS + i, lists.getAtIndex(ValueLayout.JAVA_INT, 2 * all + (long) r * topMax + i));
                report.setAtIndex(ValueLayout.JAVA_INT, at + Report.LOGPROBS + 1 + i,
                    lists.getAtIndex(ValueLayout.JAVA_INT, 2 * all + (long) (all + r) * topMax + i));
            }
        }
    }

    /** Writes the rows, tells the history what it should know, in one go or in two. */
    private SamplingCall.Extras extras(final Twins.Device device, final MemorySegment rowMemory, final long maskAddress) {
        final List<Integer> biasTokens = new ArrayList<>();
        final List<Float> biases = new ArrayList<>();
        final MemorySegment lastSeen = device.memory().bytes(SamplingCall.Extras.lastSeenBytes(SLOTS, vocabulary)).fill((byte) 0x55);
        final MemorySegment outputCounts = device.memory().bytes(SamplingCall.Extras.outputCountsBytes(SLOTS, vocabulary)).fill((byte) 0x55);
        for (int r = 0; r < rows; r++) {
            final boolean needsScratch = SamplingRow.needsScratch(params[r], hasMask[r], vocabulary);
            new SamplingRow(params[r], outputs[r].length, new SamplingRow.Places(SamplingRow.needsSlot(params[r]) ? slots[r] : -1, position(r),
                hasMask[r] ? r : -1, biasTokens.size(), needsScratch ? r : -1, r)).write(rowMemory, r);
            params[r].logitBias().forEach((token, bias) -> {
                biasTokens.add(token);
                biases.add(bias);
            });
        }
        SamplingRow.writePadding(rowMemory, rows);
        final float[] biasValues = new float[Math.max(1, biases.size())];
        for (int i = 0; i < biases.size(); i++) {
            biasValues[i] = biases.get(i);
        }
        final int[] biased = IntStream.concat(biasTokens.stream().mapToInt(i -> i), IntStream.of(0)).toArray();
        final SamplingCall.Extras extras = new SamplingCall.Extras(maskAddress, device.address(biased), device.address(biasValues), lastSeen.address(),
            outputCounts.address());
        note(device, extras);
        return extras;
    }

    private void note(final Twins.Device device, final SamplingCall.Extras extras) {
        final List<Integer> all = new ArrayList<>();
        final int[] first = new int[rows * SamplingCall.NoteTokens.LIST_INTS];
        final int[] second = first.clone();
        for (int r = 0; r < rows; r++) {
            final int from = all.size();
            final int prompt = prompts[r].length;
            final int count = position(r);
            Arrays.stream(prompts[r]).forEach(all::add);
            Arrays.stream(outputs[r]).forEach(all::add);
            final int cut = count / 2;
            final int at = r * SamplingCall.NoteTokens.LIST_INTS;
            System.arraycopy(new int[] {slots[r], from, cut, Math.min(cut, prompt), 0}, 0, first, at, SamplingCall.NoteTokens.LIST_INTS);
            System.arraycopy(new int[] {slots[r], from + cut, count - cut, Math.max(0, prompt - cut), cut}, 0, second, at, SamplingCall.NoteTokens.LIST_INTS);
        }
        all.add(0);
        final long tokens = device.address(all.stream().mapToInt(i -> i).toArray());
        device.run(new SamplingCall.NoteTokens(tokens, device.address(first), rows, extras, vocabulary));
        device.run(new SamplingCall.NoteTokens(tokens, device.address(second), rows, extras, vocabulary));
    }

    @Override
    public String toString() {
        return "vocabulary " + vocabulary + ", " + List.of(params);
    }
}
