package io.spillway.gateway.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.chat.Prompt;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GuardTest {
    private static final Path BROOK_POLICY = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/guardrails.json");
    private static final String ORDER = "{\"order_id\":\"ORD-77\",\"item\":\"mug\",\"status\":\"delivered\",\"amount\":64.99,\"days_since_delivery\":3,\"final_sale\":false}";

    private static Map<String, Object> tool(final String name, final Map<String, Object> properties, final List<String> required) {
        return Map.of("type", "function", "function", Map.of("name", name, "parameters",
            Map.of("type", "object", "properties", properties, "required", required, "additionalProperties", false)));
    }

    private static final List<Map<String, Object>> TOOLS = List.of(
        tool("get_order_status", Map.of("order_id", Map.of("type", "string")), List.of("order_id")),
        tool("process_refund", Map.of("order_id", Map.of("type", "string"), "amount", Map.of("type", "number")), List.of("order_id", "amount")),
        tool("escalate_to_human", Map.of("reason", Map.of("type", "string", "enum", List.of("over_limit", "other")),
            "order_id", Map.of("type", "string")), List.of("reason")));

    private static Guard guard(final int limit, final boolean lookedUp) {
        final Map<String, Object> system = Map.of("role", "system", "content", "Refund window 30 days. Refund limit " + limit + " EUR.\n- Jug colour: red");
        final Map<String, Object> user = Map.of("role", "user", "content", "I want a refund for order 77");
        final Map<String, Object> call = Map.of("role", "assistant", "content", "", "tool_calls", List.of(Map.of("id", "c1", "type", "function",
            "function", Map.of("name", "get_order_status", "arguments", "{\"order_id\":\"ORD-77\"}"))));
        final Map<String, Object> result = Map.of("role", "tool", "tool_call_id", "c1", "content", ORDER);
        return new Guard(GuardPolicy.read(BROOK_POLICY),
            new Prompt.Messages(lookedUp ? List.of(system, user, call, result) : List.of(system, user), TOOLS, Map.of()));
    }

    @ParameterizedTest
    @CsvSource({"get_order_status, mcp__shop__get_order_status", "order_status, order_status", "mcp__shop__find, mcp__shop__find",
        "find, find", "status, status", "s, s", "'', ''"})
    void aNameWithoutTheServersPrefixIsTheToolsWhenOnlyOneEndsSo(final String written, final String meant) {
        final List<Map<String, Object>> tools = List.of(tool("mcp__shop__get_order_status", Map.of(), List.of()),
            tool("mcp__shop__find", Map.of(), List.of()), tool("mcp__wiki__find", Map.of(), List.of()), tool("order_status", Map.of(), List.of()));
        final Prompt.Messages prompt = new Prompt.Messages(List.of(Map.of("role", "user", "content", "x")), tools, Map.of());
        assertThat(new Guard(GuardPolicy.read(BROOK_POLICY), prompt).meant(written)).isEqualTo(meant);
    }

    private static Guard prefixed(final boolean lookedUp) {
        final List<Map<String, Object>> tools = List.of(
            tool("mcp__shop__get_order_status", Map.of("order_id", Map.of("type", "string")), List.of("order_id")),
            tool("mcp__shop__process_refund", Map.of("order_id", Map.of("type", "string"), "amount", Map.of("type", "number")), List.of("order_id")));
        final Map<String, Object> user = Map.of("role", "user", "content", "Limit 100 EUR. I want a refund for order 77");
        final Map<String, Object> call = Map.of("role", "assistant", "content", "", "tool_calls", List.of(Map.of("id", "c1", "type", "function",
            "function", Map.of("name", "mcp__shop__get_order_status", "arguments", "{\"order_id\":\"ORD-77\"}"))));
        final Map<String, Object> result = Map.of("role", "tool", "tool_call_id", "c1", "content", ORDER);
        return new Guard(GuardPolicy.read(BROOK_POLICY),
            new Prompt.Messages(lookedUp ? List.of(user, call, result) : List.of(user), tools, Map.of()));
    }

    @Test
    void aPolicyHoldsForToolsBehindTheNameOfAServer() {
        final String refund = "{\"order_id\":\"ORD-77\",\"amount\":64.99}";
        assertThat(prefixed(true).judge("mcp__shop__process_refund", refund).problem()).isEmpty();
        assertThat(prefixed(true).judge("mcp__shop__process_refund", refund.replace("64.99", "60")).problem()).isPresent();
        assertThat(prefixed(true).judge("mcp__shop__get_order_status", "{\"order_id\":\"ORD-77\"}").problem().orElseThrow().text())
            .contains("made already");
        final Guard.Problem early = prefixed(false).judge("mcp__shop__process_refund", refund).problem().orElseThrow();
        assertThat(early.instead().orElseThrow())
            .isEqualTo(new ToolContract.Instead("mcp__shop__get_order_status", Map.of("order_id", "ORD-77")));
        assertThat(prefixed(false).judge("mcp__shop__get_order_status", "{\"order_id\":\"ORD-99\"}").problem().orElseThrow().text())
            .contains("nobody has said");
        final Guard.AnswerVerdict answer = prefixed(true).judgeAnswer("Your cup (ORD-77) was delivered 3 days ago.");
        assertThat(answer.text()).isEqualTo("Your mug (ORD-77) was delivered 3 days ago.");
        assertThat(answer.problem()).isEmpty();
    }

    @Test
    void thePolicyOfTheAgentRunsHoldsWhateverAnAgentCallsTheDesksTool() {
        final GuardPolicy policy = GuardPolicy.read(Path.of(System.getProperty("spillway.root"), "deploy/systemtest/agents/guardrails.json"));
        final Map<String, Object> user = Map.of("role", "user", "content", "Where is my order ORD-77?");
        for (final String name : List.of("mcp__orders__get_order_status", "orders_get_order_status", "get_order_status")) {
            final Map<String, Object> call = Map.of("role", "assistant", "content", "", "tool_calls", List.of(Map.of("id", "c1", "type", "function",
                "function", Map.of("name", name, "arguments", "{\"order_id\":\"ORD-77\"}"))));
            final Map<String, Object> result = Map.of("role", "tool", "tool_call_id", "c1", "content",
                "{\"order_id\":\"ORD-77\",\"item\":\"Big mug\",\"status\":\"shipped\",\"carrier\":\"Norpost\",\"eta_days\":4}");
            final Prompt.Messages prompt = new Prompt.Messages(List.of(user, call, result),
                List.of(tool("list_mcp_resources", Map.of(), List.of()), tool(name, Map.of(), List.of())), Map.of());
            assertThat(ToolNames.without(prompt, policy.rules().keptBack(), Set.of()).tools()).hasSize(1);
            assertThat(ToolNames.without(prompt, policy.rules().keptBack(), Set.of("list_mcp_resources"))).isSameAs(prompt);
            assertThat(new Guard(policy, prompt).judgeAnswer("Your Big mug (ORD-77) is on its way with Swiftline and should arrive in 4 days.").text())
                .contains("with Norpost and");
        }
    }

    @ParameterizedTest
    @CsvSource({"find, find", "mcp__a__find, find", "a_find, find", "mcp__a__refind, ''", "mcp__b__other_find, other_find"})
    void theNameOfAPolicyMeansTheToolThatPlainlyHasIt(final String tool, final String meant) {
        assertThat(new ToolNames(List.of(tool, "else")).meaning(tool, Set.of("find", "other_find")).orElse("")).isEqualTo(meant);
        assertThat(new ToolNames(List.of("x__find", "y__find")).meaning("x__find", Set.of("find"))).isEmpty();
        assertThat(new ToolNames(List.of("x__find", "find")).meaning("x__find", Set.of("find"))).isEmpty();
    }

    @Test
    void aSoundCallIsHandedOnAsItWasWritten() {
        final String written = "{\"order_id\": \"ORD-77\",   \"amount\": 64.99}";
        assertThat(guard(100, true).judge("process_refund", written)).isEqualTo(new Guard.Verdict(written, false, java.util.Optional.empty()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'order_id': 'ORD-77', amount: 64.99,}  | {\"order_id\":\"ORD-77\",\"amount\":64.99}",
        "{\"order_id\":\"ORD-77\",\"amount\":\"64.99\"} | {\"order_id\":\"ORD-77\",\"amount\":64.99}",
        "{\"order_id\":\"ORD-77\",\"amount\":64.99,\"mood\":1} | {\"order_id\":\"ORD-77\",\"amount\":64.99}",
        "{\"order_id\":\"ORD-77\",\"amount\":64.99 | {\"order_id\":\"ORD-77\",\"amount\":64.99}",
    }, quoteCharacter = '`')
    void whatIsPlainlyMeantIsPutRight(final String written, final String repaired) {
        assertThat(guard(100, true).judge("process_refund", written)).isEqualTo(new Guard.Verdict(repaired, true, java.util.Optional.empty()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "100 | true  | launch_rocket     | {}                                         | there is no tool 'launch_rocket'",
        "100 | true  | process_refund    | sorry                                      | not a JSON object",
        "100 | true  | process_refund    | {\"order_id\":\"ORD-77\"}                  | missing 'amount'",
        "100 | true  | process_refund    | {\"order_id\":\"ORD-77\",\"amount\":[]}    | must be of type number",
        "100 | true  | process_refund    | {\"order_id\":\"ORD-88\",\"amount\":64.99} | which nobody has said",
        "100 | false | process_refund    | {\"order_id\":\"ORD-77\",\"amount\":64.99} | call get_order_status first",
        "50  | true  | process_refund    | {\"order_id\":\"ORD-77\",\"amount\":64.99} | amount <= $limit",
        "100 | true  | process_refund    | {\"order_id\":\"ORD-77\",\"amount\":60}    | arguments.amount == amount",
        "100 | true  | get_order_status  | {\"order_id\":\"ORD-77\"}                  | was made already",
        "100 | true  | escalate_to_human | {\"reason\":\"over_limit\",\"order_id\":\"ORD-77\"} | amount > $limit",
        "100 | true  | escalate_to_human | {\"reason\":\"rage\"}                      | must be one of",
    }, quoteCharacter = '`')
    void whatIsWrongIsSaid(final int limit, final boolean lookedUp, final String tool, final String written, final String problem) {
        assertThat(guard(limit, lookedUp).judge(tool, written).problem().orElseThrow().text()).contains(problem);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "100 | Your mug (ORD-77) was delivered 3 days ago.                                 | -",
        "100 | Your mug (ORD-78) was delivered 3 days ago.                                 | call get_order_status first",
        "100 | Sorry, your mug was a final sale item, so I cannot refund it.               | final_sale == true",
        "100 | It was delivered 3 days ago and our refund window is 30 days, so I cannot refund it. | days_since_delivery > $window",
        "100 | The colour of the mug is blue.                                              | nobody has said 'mug colour: blue'",
        "100 | Sorry, I have no information about the colour of the mug.                   | -",
        "100 | Sorry, I have no information about the colour of the jug.                   | 'jug colour:' has been said",
    }, quoteCharacter = '`')
    void claimsOfAnswersAreHeldAgainstWhatToolsSaid(final int limit, final String answer, final String problem) {
        assertThat(guard(limit, true).judgeAnswer(answer).problem().map(Guard.Problem::text).orElse("-")).contains(problem);
    }

    @Test
    void valuesThatAToolsResultDecidesArePutRightInAnswers() {
        final Guard.AnswerVerdict verdict = guard(100, true).judgeAnswer("Hi. Your jug (ORD-77) was delivered 5 days ago. Bye.");
        assertThat(verdict.problem()).isEmpty();
        assertThat(verdict.text()).isEqualTo("Hi. Your mug (ORD-77) was delivered 3 days ago. Bye.");
        final String right = "Your mug (ORD-77) was delivered 3 days ago.";
        assertThat(guard(100, true).judgeAnswer(right).text()).isSameAs(right);
    }

    @Test
    void wrongDecisionsNameTheCallThatTheOperatorWants() {
        assertThat(instead(guard(50, true).judge("process_refund", "{\"order_id\":\"ORD-77\",\"amount\":64.99}").problem()))
            .isEqualTo(new ToolContract.Instead("escalate_to_human", Map.of("reason", "over_limit", "order_id", "ORD-77")));
        assertThat(instead(guard(100, true).judge("escalate_to_human", "{\"reason\":\"over_limit\",\"order_id\":\"ORD-77\"}").problem()).call())
            .isEqualTo("process_refund");
        assertThat(instead(guard(100, true).judgeAnswer("Sorry, your mug was a final sale item, so I cannot refund it.").problem()))
            .isEqualTo(new ToolContract.Instead("process_refund", Map.of("order_id", "ORD-77", "amount", new java.math.BigDecimal("64.99"))));
    }

    private static ToolContract.Instead instead(final java.util.Optional<Guard.Problem> problem) {
        return problem.orElseThrow().instead().orElseThrow();
    }

    @Test
    void anEnumsLetterCaseIsPutRight() {
        assertThat(guard(50, true).judge("escalate_to_human", "{\"reason\":\"Over_Limit\",\"order_id\":\"ORD-77\"}").arguments())
            .contains("over_limit");
    }

    @Test
    void aBrokenPolicyIsRefusedByName(@TempDir final Path folder) throws Exception {
        final Path file = folder.resolve("p.json");
        Files.writeString(file, "{\"tools\":{\"x\":{\"requires\":[{\"where\":[\"amount ~ 3\"]}]}}}");
        assertThatThrownBy(() -> GuardPolicy.read(file)).isInstanceOfSatisfying(SpillwayException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIG)).hasMessageContaining("amount ~ 3");
        assertThatThrownBy(() -> GuardPolicy.parse("{\"atempts\":2}")).hasMessageContaining("unknown key 'atempts'");
        assertThatThrownBy(() -> GuardPolicy.parse("{\"attempts\":9}")).hasMessageContaining("1 to 8");
        assertThatThrownBy(() -> GuardPolicy.parse("{\"variables\":{\"limit\":\"\\\\d+\"}}")).hasMessageContaining("no group");
        assertThatThrownBy(() -> GuardPolicy.parse("{\"claims\":[{\"pattern\":\"(\"}]}")).hasMessageContaining("claims[0].pattern");
        assertThatThrownBy(() -> GuardPolicy.parse("{\"claims\":[{}]}")).hasMessageContaining("claims[0] has no pattern");
        assertThatThrownBy(() -> GuardPolicy.parse("{\"tools\":{\"x\":{\"requires\":[{\"instead\":{}}]}}}")).hasMessageContaining("names no call");
        assertThatThrownBy(() -> GuardPolicy.parse("{")).isInstanceOf(JsonProcessingException.class);
    }
}
