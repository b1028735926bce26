package io.spillway.gateway.batch;

import io.spillway.coordinator.batch.BatchProblem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * What a whole input came to.
 *
 * @param model    of all its lines; "" when there are problems
 * @param problems with the numbers of their lines, at most {@link BatchProblem#LISTED_MAX}; empty when it is good
 */
record InputCheck(String model, List<BatchProblem> problems) {
    private static final int ID_BYTES = 16;

    /**
     * Reads every line.
     *
     * @param models  whether a model is known
     * @param stopped asked now and then: the check is given up
     */
    static InputCheck of(
        final InputFile input, final String endpoint, final BatchLimits limits, final Predicate<String> models,
        final BooleanSupplier stopped) throws IOException {
        if (input.lines() == 0) {
            return refused(new BatchProblem("empty_file", "The input file has no requests.", "", 0));
        }
        if (input.lines() > limits.linesMax()) {
            return refused(new BatchProblem("too_many_requests",
                "The input file has more than " + limits.linesMax() + " requests.", "", 0));
        }
        final Lines lines = new Lines(endpoint, models);
        for (int line = 0; line < input.lines() && lines.problems.size() < BatchProblem.LISTED_MAX && !stopped.getAsBoolean(); line++) {
            if (input.bytes(line) > limits.lineBytesMax()) {
                lines.problems.add(new BatchProblem("line_too_long",
                    "The line has more than " + limits.lineBytesMax() + " bytes.", "", input.number(line)));
            } else {
                lines.check(input.read(line), input.number(line));
            }
        }
        return new InputCheck(lines.problems.isEmpty() ? lines.model : "", lines.problems);
    }

    private static InputCheck refused(final BatchProblem problem) {
        return new InputCheck("", List.of(problem));
    }

    /** What must hold between lines. */
    private static final class Lines {
        private final String endpoint;
        private final Predicate<String> models;
        private final List<BatchProblem> problems = new ArrayList<>();
        /** Hashes: the ids themselves may be long. */
        private final Set<String> customIds = new HashSet<>();
        private String model = "";

        Lines(final String endpoint, final Predicate<String> models) {
            this.endpoint = endpoint;
            this.models = models;
        }

        void check(final byte[] bytes, final int number) {
            final BatchLine line;
            try {
                line = BatchLine.read(bytes, number, endpoint);
            } catch (final BatchLine.Bad e) {
                problems.add(e.problem());
                return;
            }
            if (!customIds.add(hash(line.customId()))) {
                problems.add(new BatchProblem("duplicate_custom_id",
                    "The custom_id for this request is a duplicate of another request.", "custom_id", number));
            }
            if (model.isEmpty() && models.test(line.model())) {
                model = line.model();
            } else if (!models.test(line.model())) {
                problems.add(new BatchProblem("model_not_found",
                    "The model of this request does not exist or you do not have access to it.", "body.model", number));
            } else if (!model.equals(line.model())) {
                problems.add(new BatchProblem("mismatched_model",
                    "All requests of a batch must be for one model; the first is for " + model + ".", "body.model", number));
            }
        }

        private static String hash(final String customId) {
            try {
                return HexFormat.of().formatHex(
                    MessageDigest.getInstance("SHA-256").digest(customId.getBytes(StandardCharsets.UTF_8)), 0, ID_BYTES);
            } catch (final NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JDK must have SHA-256", e);
            }
        }
    }
}
