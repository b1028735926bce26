package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.request.GenerationRequest;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whose step a request is, as the headers and bodies of real clients say it. */
class AgentIdentityTest {
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
        cluster.line.play("hello");
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static HttpResponse<String> send(final String headers, final String more) {
        final HttpRequest.Builder request = cluster.request("/v1/chat/completions")
            .POST(HttpRequest.BodyPublishers.ofString(chat(more)));
        for (final String header : headers.split(";")) {
            if (!header.isEmpty()) {
                request.header(header.substring(0, header.indexOf('=')), header.substring(header.indexOf('=') + 1));
            }
        }
        return cluster.send(request.build());
    }

    private static GenerationRequest asked(final String headers, final String more) {
        final HttpResponse<String> response = send(headers, more);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return cluster.line.requests.getLast();
    }

    static Stream<Arguments> clients() {
        return Stream.of(
            Arguments.of("", "", "", "", "", ""),
            Arguments.of("X-Run-Id=r1;X-Session-Id=s1;X-Agent-Id=a1;X-Parent-Agent-Id=a0", "", "r1", "s1", "a1", "a0"),
            Arguments.of("X-Run-Id=r1", ",'metadata':{'run_id':'r2','session_id':'s2'}", "r1", "s2", "", ""),
            Arguments.of("X-Session-Id=s1", ",'metadata':{'run_id':'r2','session_id':'s2'}", "r2", "s1", "", ""),
            // claude-code: the main agent, and one that it started
            Arguments.of("x-claude-code-session-id=c1", ",'metadata':{'user_id':'{^session_id^:^other^}'}", "c1", "c1", "", ""),
            Arguments.of("x-claude-code-session-id=c1;x-claude-code-agent-id=sub;x-claude-code-parent-agent-id=up", "", "c1", "c1", "sub",
                "up"),
            // codex
            Arguments.of("session-id=x1;thread-id=x1", ",'prompt_cache_key':'x1'", "x1", "x1", "", ""),
            Arguments.of("session-id=x1;thread-id=t2;x-codex-parent-thread-id=x1", "", "x1", "x1", "t2", "x1"),
            Arguments.of("x-codex-turn-metadata={\"session_id\":\"x3\",\"turn_id\":\"9\"}", "", "x3", "x3", "", ""),
            // opencode: a child session belongs to its parent's run
            Arguments.of("x-session-id=ses_1;x-session-affinity=ses_1", "", "ses_1", "ses_1", "", ""),
            Arguments.of("x-session-id=ses_2;x-parent-session-id=ses_1", "", "ses_1", "ses_2", "ses_2", "ses_1"),
            // bodies only
            Arguments.of("", ",'metadata':{'user_id':'{^device_id^:^d^,^session_id^:^u1^}'}", "u1", "u1", "", ""),
            Arguments.of("", ",'metadata':{'user_id':'{no json'}", "", "", "", ""),
            Arguments.of("", ",'client_metadata':{'session_id':'m1'}", "m1", "m1", "", ""),
            Arguments.of("", ",'prompt_cache_key':'key 1'", "key-1", "key-1", "", ""),
            Arguments.of("", ",'client_metadata':7,'metadata':null", "", "", "", ""),
            // what says nothing is passed over
            Arguments.of("X-Run-Id= ;X-Session-Id=__", ",'prompt_cache_key':'k'", "k", "k", "", ""));
    }

    @ParameterizedTest
    @MethodSource("clients")
    void clientsAreKnownByWhatTheySend(
        final String headers, final String more, final String run, final String session, final String agent, final String parent) {
        final GenerationRequest asked = asked(headers, more.replace("^", "\\\""));
        assertThat(asked.run().map(Object::toString).orElse("")).isEqualTo(run);
        assertThat(asked.agent().session()).isEqualTo(session);
        assertThat(asked.agent().agent()).isEqualTo(agent);
        assertThat(asked.agent().parentAgent()).isEqualTo(parent);
        assertThat(asked.agent().step()).isEqualTo(asked.id().value());
    }

    @Test
    void theStepBeforeIsNamedByAHeaderOrAsThePreviousResponse() {
        assertThat(asked("X-Parent-Step-Id=step-1", ",'previous_response_id':'resp_1'").agent().parentStep()).isEqualTo("step-1");
        assertThat(asked("", ",'previous_response_id':'resp_1'").agent().parentStep()).isEqualTo("resp_1");
    }

    @Test
    void allChoicesAreOneStep() {
        asked("X-Run-Id=r9", ",'n':2");
        assertThat(cluster.line.requests.reversed().stream().limit(2).map(request -> request.agent().step()).distinct()).hasSize(1);
    }

    @Test
    void thePriorityOfTheHeaderWins() {
        assertThat(asked("X-Run-Priority=7", ",'priority':1").priority()).isEqualTo(7);
        assertThat(asked("", ",'priority':1").priority()).isEqualTo(1);
        assertThat(asked("X-Run-Priority=-100", "").priority()).isEqualTo(-100);
    }

    @ParameterizedTest
    @MethodSource("unreadable")
    void headersOfOursThatCannotBeReadAreNamed(final String header, final String value) {
        final HttpResponse<String> response = send(header + "=" + value, "");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(json(response.body()).path("error").path("param").asText()).isEqualTo(header);
        assertThat(json(response.body()).path("error").path("code").asText()).isEqualTo("invalid_value");
    }

    static Stream<Arguments> unreadable() {
        return Stream.of(Arguments.of("x-run-priority", "101"), Arguments.of("x-run-priority", "high"), Arguments.of("x-run-priority", "1.5"),
            Arguments.of("x-run-deadline", "tomorrow"), Arguments.of("x-run-deadline", "-5"),
            Arguments.of("x-run-deadline", "2026-13-01T00:00:00Z"), Arguments.of("x-run-deadline", "1e99"),
            Arguments.of("x-run-budget", "0"), Arguments.of("x-run-budget", "-1"), Arguments.of("x-run-budget", "1 EUR"),
            Arguments.of("x-run-budget", "99999999999"), Arguments.of("x-run-steps", "2.5"), Arguments.of("x-run-steps", "4294967296"),
            Arguments.of("x-run-tool-gap", "soon"), Arguments.of("x-run-tool-gap", "0.0001"));
    }
}
