package io.spillway.gateway.openai;

import io.spillway.domain.id.RunId;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.json.Fields;
import java.util.List;
import java.util.Optional;

/**
 * Which agent run a request belongs to: our own headers first, then those that agents send by themselves, then the body's
 * {@code metadata.run_id}, {@code metadata.session_id} and {@code prompt_cache_key}.
 */
public final class RunIdentity {
    private static final List<String> HEADERS =
        List.of("x-run-id", "x-session-id", "x-claude-code-session-id", "session-id", "x-session-affinity");
    private static final int CHARS_MAX = 200;

    private RunIdentity() {
    }

    /** @return the run a request belongs to, if it names one */
    public static Optional<RunId> of(final HttpCall call, final Fields body) {
        return HEADERS.stream().map(call::header).flatMap(Optional::stream).findFirst()
            .or(() -> inMetadata(body, "run_id"))
            .or(() -> inMetadata(body, "session_id"))
            .or(() -> body.text("prompt_cache_key"))
            .flatMap(RunIdentity::sanitised);
    }

    private static Optional<String> inMetadata(final Fields body, final String name) {
        return body.object("metadata").flatMap(metadata -> metadata.text(name));
    }

    /** @return the name with everything that ids may not hold replaced by {@code -}; empty when nothing is left */
    static Optional<RunId> sanitised(final String name) {
        final String fit = name.strip().replaceAll("[^A-Za-z0-9._:/@+-]", "-").replaceFirst("^[^A-Za-z0-9]+", "");
        return fit.isEmpty() ? Optional.empty() : Optional.of(new RunId(fit.substring(0, Math.min(fit.length(), CHARS_MAX))));
    }
}
