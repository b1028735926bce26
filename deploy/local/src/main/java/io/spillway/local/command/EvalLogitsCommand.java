package io.spillway.local.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.local.eval.EvalInput;
import io.spillway.local.eval.EvalSequence;
import io.spillway.local.eval.TopLogits;
import io.spillway.node.model.LanguageModel;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints the most likely next tokens after a prompt, and writes all logits to a file where asked. */
@Command(name = "logits", description = "Print a model's most likely next tokens after a prompt.")
final class EvalLogitsCommand implements Runnable {
    private static final int STEP_TOKENS = 256;

    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private EvalOptions options;
    @Option(names = "--top", paramLabel = "K", defaultValue = "10", description = "tokens to print (default: 10)")
    private int top;
    @Option(names = "--last", paramLabel = "N", defaultValue = "1", description = "positions, counted from the end (default: 1; 0: all)")
    private int last;
    @Option(names = "--out", paramLabel = "FILE", description = "write all logits of those positions: little-endian F32, a row of the vocabulary each")
    private Path out;
    @Option(names = "--json", description = "print one line of JSON per position")
    private boolean json;

    @Override
    public void run() {
        if (top < 0 || last < 0) {
            throw SpillwayException.ofField(ErrorCode.BELOW_MINIMUM, top < 0 ? "top" : "last", "--top and --last cannot be negative");
        }
        options.run((model, input, source, backend) -> print(model, input));
    }

    private void print(final LanguageModel model, final EvalInput.Tokens input) {
        final int[] tokens = input.tokens();
        if (tokens.length == 0) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "tokens", "the prompt is empty");
        }
        for (final int token : tokens) {
            if (token < 0 || token >= model.vocabularySize()) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "tokens",
                    "token " + token + " is outside the vocabulary of " + model.vocabularySize());
            }
        }
        final int first = last == 0 ? 0 : Math.max(0, tokens.length - last);
        try (EvalSequence sequence = new EvalSequence(model, tokens.length, STEP_TOKENS, options.kv());
             OutputStream file = out == null ? OutputStream.nullOutputStream() : Files.newOutputStream(out)) {
            final ByteBuffer row = ByteBuffer.allocate(model.vocabularySize() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            sequence.run(tokens, tokens.length, first, (position, logits, at) -> {
                print(position, tokens[position], TopLogits.of(logits, at, model.vocabularySize(), top));
                row.clear().asFloatBuffer().put(logits, at, model.vocabularySize());
                write(file, row.array());
            });
        } catch (final IOException | UncheckedIOException e) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "out", "cannot write " + out + ": " + e.getMessage());
        }
    }

    private static void write(final OutputStream file, final byte[] row) {
        try {
            file.write(row);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void print(final int position, final int token, final List<TopLogits.Entry> entries) {
        final PrintWriter printer = spec.commandLine().getOut();
        if (json) {
            final ObjectNode line = new ObjectMapper().createObjectNode().put("position", position).put("token", token);
            final ArrayNode array = line.putArray("top");
            entries.forEach(e -> array.addObject().put("token", e.token()).put("logit", e.logit()).put("logprob", e.logprob()));
            printer.println(line);
        } else {
            printer.printf("after token %d at position %d%n", token, position);
            entries.forEach(e -> printer.printf(Locale.ROOT, "%8d  logit %9.4f  logprob %9.4f%n", e.token(), e.logit(), e.logprob()));
        }
        printer.flush();
    }
}
