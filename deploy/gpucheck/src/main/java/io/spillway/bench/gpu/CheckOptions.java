package io.spillway.bench.gpu;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;

/**
 * What a check is asked for.
 *
 * @param tests       folder of the kernels' test classes
 * @param out         folder for the results
 * @param driver      the driver's library
 * @param libraries   folders that may hold cuBLASLt, with colons between
 * @param only        runs parts whose name holds this
 * @param isQuick     sizes so small that figures mean nothing: shows that all of it runs
 * @param hasSuite    whether kernels are compared with their specification
 * @param hasBenches  whether anything is measured
 * @param limitSeconds most that a part may take
 */
record CheckOptions(Path tests, Path out, String driver, String libraries, String only, boolean isQuick, boolean hasSuite, boolean hasBenches, int limitSeconds) {
    static final String USAGE = "usage: run [--out FOLDER] [--only TEXT] [--no-suite] [--no-bench] [--limit SECONDS] [--quick] [--driver LIBRARY] [--libraries FOLDER:…] [--tests FOLDER]";
    private static final int LIMIT_SECONDS = 180;

    /** @throws IllegalArgumentException that says what is wrong and how it is called */
    static CheckOptions parse(final String... args) {
        CheckOptions options = new CheckOptions(Path.of("tests"), Path.of("results"), "libcuda.so.1", "", "", false, true, true, LIMIT_SECONDS);
        final Iterator<String> words = Arrays.asList(args).iterator();
        while (words.hasNext()) {
            options = options.with(words.next(), words);
        }
        return options;
    }

    private CheckOptions with(final String name, final Iterator<String> rest) {
        return switch (name) {
            case "--tests" -> new CheckOptions(Path.of(value(name, rest)), out, driver, libraries, only, isQuick, hasSuite, hasBenches, limitSeconds);
            case "--out" -> new CheckOptions(tests, Path.of(value(name, rest)), driver, libraries, only, isQuick, hasSuite, hasBenches, limitSeconds);
            case "--driver" -> new CheckOptions(tests, out, value(name, rest), libraries, only, isQuick, hasSuite, hasBenches, limitSeconds);
            case "--only" -> new CheckOptions(tests, out, driver, libraries, value(name, rest), isQuick, hasSuite, hasBenches, limitSeconds);
            case "--libraries" -> new CheckOptions(tests, out, driver, value(name, rest), only, isQuick, hasSuite, hasBenches, limitSeconds);
            case "--limit" -> new CheckOptions(tests, out, driver, libraries, only, isQuick, hasSuite, hasBenches, positive(name, value(name, rest)));
            case "--quick" -> new CheckOptions(tests, out, driver, libraries, only, true, hasSuite, hasBenches, limitSeconds);
            case "--no-suite" -> new CheckOptions(tests, out, driver, libraries, only, isQuick, false, hasBenches, limitSeconds);
            case "--no-bench" -> new CheckOptions(tests, out, driver, libraries, only, isQuick, hasSuite, false, limitSeconds);
            default -> throw new IllegalArgumentException("unknown option " + name + "; " + USAGE);
        };
    }

    private static String value(final String name, final Iterator<String> rest) {
        if (!rest.hasNext()) {
            throw new IllegalArgumentException(name + " wants a value; " + USAGE);
        }
        return rest.next();
    }

    private static int positive(final String name, final String text) {
        try {
            final int number = Integer.parseInt(text);
            if (number > 0) {
                return number;
            }
        } catch (final NumberFormatException e) {
            throw new IllegalArgumentException(name + " wants a number, not " + text + "; " + USAGE, e);
        }
        throw new IllegalArgumentException(name + " wants a positive number, not " + text);
    }
}
