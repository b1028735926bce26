package io.spillway.gateway.identity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.spillway.domain.id.RunId;
import io.spillway.domain.request.AgentStep;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.json.Fields;
import java.util.List;
import java.util.Optional;

/**
 * Tells agents apart without changing them. For each part of the identity the first that says something wins: our own headers, headers that
 * agent command lines send by themselves, fields of the body. Whoever says nothing is recognised later, by what the conversation goes on
 * from. Stateless; any thread.
 */
public final class AgentIdentities {
    private static final List<String> RUN_HEADERS = List.of("x-run-id");
    /** A child session of opencode names its parent: both belong to the run that the parent began. */
    private static final List<String> SESSION_PARENTS = List.of("x-parent-session-id", "x-dynamo-parent-session-id");
    private static final List<String> SESSION_HEADERS = List.of("x-session-id", "x-dynamo-session-id", "x-claude-code-session-id",
        "session-id", "session_id", "x-session-affinity");
    private static final List<String> AGENT_HEADERS = List.of("x-agent-id", "x-claude-code-agent-id", "thread-id", "x-openai-subagent");
    private static final List<String> AGENT_PARENTS =
        List.of("x-parent-agent-id", "x-claude-code-parent-agent-id", "x-codex-parent-thread-id");

    private AgentIdentities() {
    }

    /** As {@link #of(HttpCall, JsonNode)}. */
    public static AgentIdentity of(final HttpCall call, final Fields body) {
        return of(call, body.json());
    }

    /**
     * @param body the request's; fields of unexpected types say nothing here
     * @throws io.spillway.domain.error.SpillwayException {@code INVALID_VALUE} naming the header, when one of ours cannot be read
     */
    public static AgentIdentity of(final HttpCall call, final JsonNode body) {
        final Said said = new Said(call, body);
        final Optional<String> session = said.session();
        return new AgentIdentity(said.run(session).map(RunId::new), new AgentStep(session.orElse(""), said.agent(session), said.parentAgent(), "",
            said.parentStep()), RunHeaders.priority(call), RunHeaders.deadlineEpochMillis(call), RunHeaders.terms(call), RunHeaders.retries(call));
    }

    /** One request, looked through. */
    private static final class Said {
        private final HttpCall call;
        private final JsonNode body;
        private final JsonNode turn;

        Said(final HttpCall call, final JsonNode body) {
            this.call = call;
            this.body = body;
            this.turn = call.header("x-codex-turn-metadata").map(Embedded::json).orElseGet(MissingNode::getInstance);
        }

        Optional<String> run(final Optional<String> session) {
            return header(RUN_HEADERS).or(() -> field(body.path("metadata"), "run_id")).or(() -> header(SESSION_PARENTS)).or(() -> session);
        }

        Optional<String> session() {
            final JsonNode metadata = body.path("metadata");
            return header(SESSION_HEADERS).or(() -> field(turn, "session_id")).or(() -> field(metadata, "session_id"))
                .or(() -> field(Embedded.json(metadata.path("user_id").asText()), "session_id"))
                .or(() -> field(body.path("client_metadata"), "session_id")).or(() -> field(body.path("client_metadata"), "run_id"))
                .or(() -> field(body, "prompt_cache_key"));
        }

        /** A thread that is the whole session is no agent of its own. */
        String agent(final Optional<String> session) {
            return header(AGENT_HEADERS).filter(agent -> !agent.equals(session.orElse(""))).or(() -> header(SESSION_PARENTS).flatMap(parent -> header(SESSION_HEADERS)))
                .or(() -> field(body.path("metadata"), "agent_id")).orElse("");
        }

        String parentAgent() {
            return header(AGENT_PARENTS).or(() -> header(SESSION_PARENTS)).orElse("");
        }

        String parentStep() {
            return header(List.of("x-parent-step-id")).or(() -> field(body, "previous_response_id")).orElse("");
        }

        private Optional<String> header(final List<String> names) {
            return names.stream().map(call::header).flatMap(Optional::stream).map(Names::fit).flatMap(Optional::stream).findFirst();
        }

        private static Optional<String> field(final JsonNode object, final String name) {
            return object.path(name).isTextual() ? Names.fit(object.path(name).textValue()) : Optional.empty();
        }
    }
}
