package io.spillway.gateway.openai;

import io.spillway.domain.id.RunId;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.identity.AgentIdentities;
import io.spillway.gateway.json.Fields;
import java.util.Optional;

/** Which agent run a request belongs to, for those who need nothing else: {@link AgentIdentities} says more. Stateless; any thread. */
public final class RunIdentity {
    private RunIdentity() {
    }

    /** @return the run a request belongs to, if it names one */
    public static Optional<RunId> of(final HttpCall call, final Fields body) {
        return AgentIdentities.of(call, body).run();
    }
}
