package io.spillway.local.keys;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.config.Units;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;

/** What is said of a new key: the secret on stdout, once, for a script to keep; all the rest on stderr. */
final class NewKey {
    private NewKey() {
    }

    static void print(final CommandSpec spec, final JsonNode key, final boolean json) {
        final PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(key);
        } else {
            spec.commandLine().getErr().println("spillway: " + key.path("id").asText() + " \"" + key.path("name").asText() + "\" for "
                + KeyTable.scopes(key) + KeyTable.expiry(key) + "; its secret is shown this once:");
            out.println(key.path("secret").asText());
        }
        out.flush();
    }

    /** Puts a duration in seconds into a request body; null leaves it out. */
    static void put(final ObjectNode body, final String field, final String option, final String duration) {
        if (duration == null) {
            return;
        }
        try {
            body.put(field, Units.parseDuration(duration).toSeconds());
        } catch (final IllegalArgumentException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, option + " " + e.getMessage(), e);
        }
    }
}
