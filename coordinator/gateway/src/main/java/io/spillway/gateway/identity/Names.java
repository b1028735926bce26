package io.spillway.gateway.identity;

import io.spillway.domain.request.AgentStep;
import java.util.Optional;
import java.util.regex.Pattern;

/** Makes what clients call things fit to be an id. Stateless; any thread. */
final class Names {
    private static final Pattern UNFIT = Pattern.compile("[^A-Za-z0-9._:/@+-]");
    private static final Pattern UNFIT_BEGINNING = Pattern.compile("^[^A-Za-z0-9]+");

    private Names() {
    }

    /** @return the name with everything that ids may not hold replaced by {@code -}, cut to their length; empty when nothing is left */
    static Optional<String> fit(final String name) {
        final String fit = UNFIT_BEGINNING.matcher(UNFIT.matcher(name.strip()).replaceAll("-")).replaceFirst("");
        return fit.isEmpty() ? Optional.empty() : Optional.of(fit.substring(0, Math.min(fit.length(), AgentStep.CHARS_MAX)));
    }
}
