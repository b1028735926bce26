package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.SamplingParams;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.gateway.chat.AskedSampling;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatObserver;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.guard.GuardPolicy;
import io.spillway.gateway.guard.GuardService;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuardedCallTest {
    private static final String WRONG = "[[find|{\"id\":\"x\"}]]";
    private static final String RIGHT = "[[find|{\"id\":42}]]";
    private static final List<Map<String, Object>> TOOLS = List.of(Map.of("type", "function", "function", Map.of("name", "find", "parameters",
        Map.of("type", "object", "properties", Map.of("id", Map.of("type", "integer")), "required", List.of("id")))));

    private static final Map<String, Object> OTHER = Map.of("type", "function", "function", Map.of("name", "other"));

    @TempDir
    private Path folder;
    private final ScriptedLine line = new ScriptedLine();
    private ChatService plain;

    @BeforeEach
    void start() {
        plain = new ChatService(new ChatService.Parts(() -> TestCluster.view(true), id -> Optional.of(new ByteModel()), line,
            (model, usage) -> usage.outputTokens(), ChatObserver.NONE, new Random(1), System::nanoTime), ChatService.Limits.USUAL);
    }

    private GuardService guarded(final String policy) throws Exception {
        final Path file = Files.writeString(folder.resolve("policy.json"), policy);
        return new GuardService(plain, Map.of(new ModelId("bytes"), GuardPolicy.read(file)));
    }

    private static List<ChatEvent> ask(final GuardService service) {
        return ask(service, TOOLS);
    }

    private static List<ChatEvent> ask(final GuardService service, final List<Map<String, Object>> tools) {
        final List<ChatEvent> events = new ArrayList<>();
        final Prompt prompt = new Prompt.Messages(List.of(Map.of("role", "user", "content", "find 42")), tools, Map.of());
        service.call(new ChatRequest(new RequestId("r1"), new TenantId("acme"), Optional.empty(), new ModelId("bytes"), List.of(prompt),
            OptionalInt.empty(), OptionalLong.of(1), AskedSampling.of(SamplingParams.GREEDY),
            new ChatRequest.Options(1, List.of(), ChatRequest.ToolCalls.MANY, Optional.empty(), new int[0])), events::add).run();
        return events;
    }

    private static String arguments(final List<ChatEvent> events) {
        final StringBuilder arguments = new StringBuilder();
        events.forEach(event -> arguments.append(event instanceof ChatEvent.CallArguments more ? more.fragment() : ""));
        return arguments.toString();
    }

    @Test
    void aMalformedCallIsDemandedAndThenToldAndOnlyTheRightOneReachesTheClient() throws Exception {
        final String open = WRONG.substring("[[find|".length());
        line.script = request -> Script.of(line.requests.size() == 1 ? WRONG : line.requests.size() == 2 ? open : RIGHT);
        final GuardService service = guarded("{\"attempts\":3}");
        final List<ChatEvent> events = ask(service, List.of(TOOLS.getFirst(), OTHER));
        assertThat(arguments(events)).isEqualTo("{\"id\":42}");
        assertThat(events).filteredOn(ChatEvent.CallStart.class::isInstance).hasSize(1);
        assertThat(line.requests).hasSize(3);
        assertThat(new String(ascii(line.requests.get(1).promptTokens()))).endsWith("[[find|").doesNotContain("name=other");
        assertThat(new String(ascii(line.requests.get(2).promptTokens()))).contains("'id' must be of type integer").contains("name=other");
        assertThat(((ChatEvent.Finished) events.getLast()).usage().usage().outputTokens()).isEqualTo(WRONG.length() + open.length() + RIGHT.length());
        assertThat(service.counters().retriedAttempts()).isEqualTo(2);
        assertThat(service.counters().malformedCalls()).isEqualTo(2);
    }

    @Test
    void aCallWithoutTheServersPrefixIsThatToolsAndNothingIsAskedAgain() throws Exception {
        line.script = request -> Script.of(RIGHT);
        final Map<String, Object> prefixed = Map.of("type", "function", "function", Map.of("name", "mcp__desk__find",
            "parameters", Map.of("type", "object", "properties", Map.of("id", Map.of("type", "integer")), "required", List.of("id"))));
        final GuardService service = guarded("{}");
        final List<ChatEvent> events = ask(service, List.of(prefixed, OTHER));
        assertThat(events).filteredOn(ChatEvent.CallStart.class::isInstance).singleElement()
            .satisfies(event -> assertThat(((ChatEvent.CallStart) event).name()).isEqualTo("mcp__desk__find"));
        assertThat(arguments(events)).isEqualTo("{\"id\":42}");
        assertThat(line.requests).hasSize(1);
        assertThat(service.counters().repairedCalls()).isEqualTo(1);
        assertThat(ask(guarded("{\"repair\":false,\"attempts\":1}"), List.of(prefixed)))
            .anyMatch(event -> event instanceof ChatEvent.CallStart start && start.name().equals("find"));
    }

    @Test
    void theModelIsNotToldOfToolsThatThePolicyKeepsBack() throws Exception {
        line.script = request -> Script.of(RIGHT);
        final Map<String, Object> prefixed = Map.of("type", "function", "function", Map.of("name", "agent__other"));
        final String policy = "{\"tools\":{\"other\":{\"offered\":false}}}";
        assertThat(arguments(ask(guarded(policy), List.of(TOOLS.getFirst(), prefixed)))).isEqualTo("{\"id\":42}");
        assertThat(new String(ascii(line.requests.getLast().promptTokens()))).contains("name=find").doesNotContain("other");
        line.requests.clear();
        line.script = request -> Script.of("no");
        ask(guarded(policy), List.of(prefixed));
        assertThat(line.requests).singleElement().satisfies(
            request -> assertThat(new String(ascii(request.promptTokens()))).isEqualTo("user:find 42\n"));
        line.script = request -> Script.of("[[other|{}]]");
        assertThat(ask(guarded("{\"attempts\":1,\"onFailure\":\"refuse\",\"tools\":{\"other\":{\"offered\":false}}}"), List.of(TOOLS.getFirst(), OTHER)))
            .last().isInstanceOf(ChatEvent.Failed.class);
    }

    @Test
    void attemptsAreBoundedAndTheLastIsPassedOnOrRefused() throws Exception {
        line.script = request -> Script.of(new String(ascii(request.promptTokens())).endsWith("[[find|") ? "{\"id\":\"x\"}]]" : WRONG);
        assertThat(arguments(ask(guarded("{\"attempts\":2}")))).isEqualTo("{\"id\":\"x\"}");
        assertThat(line.requests).hasSize(2);
        final ChatEvent last = ask(guarded("{\"attempts\":2,\"onFailure\":\"refuse\"}")).getLast();
        assertThat(((ChatEvent.Failed) last).failure().code()).isEqualTo(ErrorCode.INVALID_OUTPUT);
        assertThat(line.requests).hasSize(4);
    }

    @Test
    void aForbiddenToolIsLeftOutAndTheModelIsFree() throws Exception {
        line.script = request -> Script.of(line.requests.size() == 1 ? RIGHT : "no, sorry");
        final GuardService service = guarded("{\"tools\":{\"find\":{\"requires\":[{\"call\":\"other\"}]}}}");
        final List<ChatEvent> events = ask(service, List.of(TOOLS.getFirst(), OTHER));
        assertThat(events).noneMatch(ChatEvent.CallStart.class::isInstance);
        assertThat(text(events)).isEqualTo("no, sorry");
        assertThat(new String(ascii(line.requests.get(1).promptTokens()))).doesNotContain("name=find").contains("name=other").doesNotEndWith("[[");
        assertThat(service.counters().forbiddenCalls()).isEqualTo(1);
        assertThat(service.counters().malformedCalls()).isZero();
    }

    @Test
    void theCallThatTheOperatorWantsInsteadIsDemandedWithTheArgumentsThatHeDecides() throws Exception {
        line.script = request -> Script.of(line.requests.size() == 1 ? RIGHT : "{\"why\":\"mood\",\"note\":1}]]");
        final String policy = """
            {"tools":{"find":{"requires":[{"call":"other","instead":{"call":"other","with":{"why":"rule","id":"$id","gone":"$nothing"}}}]}}}""";
        final List<ChatEvent> events = ask(guarded(policy), List.of(TOOLS.getFirst(), OTHER));
        assertThat(events).filteredOn(ChatEvent.CallStart.class::isInstance).singleElement()
            .satisfies(event -> assertThat(((ChatEvent.CallStart) event).name()).isEqualTo("other"));
        assertThat(arguments(events)).isEqualTo("{\"why\":\"rule\",\"note\":1,\"id\":42}");
        assertThat(new String(ascii(line.requests.get(1).promptTokens()))).endsWith("[[other|").doesNotContain("name=find");
    }

    @Test
    void aCallIsNotDemandedWhereItIsForbiddenTooOrTheRequestHasItNot() throws Exception {
        line.script = request -> Script.of(line.requests.size() == 1 ? RIGHT : line.requests.size() == 2 ? "{}]]" : "well");
        final String policy = """
            {"tools":{"find":{"requires":[{"call":"x","instead":{"call":"other"}}]}, "other":{"requires":[{"call":"x","instead":{"call":"find"}}]}}}""";
        assertThat(text(ask(guarded(policy), List.of(TOOLS.getFirst(), OTHER)))).isEqualTo("well");
        assertThat(line.requests).hasSize(3);
        line.requests.clear();
        line.script = request -> Script.of(line.requests.size() == 1 ? RIGHT : "well");
        assertThat(text(ask(guarded(policy)))).isEqualTo("well");
    }

    @Test
    void anAnswerThatIsNotTrueIsDrawnAgainWarmAndFromAnotherSeed() throws Exception {
        line.script = request -> Script.of(line.requests.size() < 3 ? "it weighs 7 kg" : "it weighs 42 kg");
        final GuardService service = guarded("{\"claims\":[{\"pattern\":\"weighs (?<the_weight>\\\\d+) kg\",\"grounded\":[\"the_weight\"]}]}");
        assertThat(text(ask(service))).isEqualTo("it weighs 42 kg");
        assertThat(line.requests).extracting(request -> request.sampling().temperature()).containsExactly(0f, 0.7f, 1f);
        assertThat(line.requests).extracting(request -> request.sampling().seed()).doesNotHaveDuplicates();
        assertThat(line.requests).extracting(request -> request.promptTokens().length).containsOnly(line.requests.getFirst().promptTokens().length);
        assertThat(service.counters().untrueAnswers()).isEqualTo(2);
    }

    @Test
    void aValueThatAnEqualityDecidesIsPutRightWithoutAsking() throws Exception {
        line.play("it weighs 7 kg");
        final GuardService service = guarded("{\"claims\":[{\"pattern\":\"weighs (?<w>\\\\d+) kg\",\"requires\":[{\"where\":[\"arguments.w == 42\"]}]}]}");
        assertThat(text(ask(service))).isEqualTo("it weighs 42 kg");
        assertThat(line.requests).hasSize(1);
        assertThat(service.counters().repairedCalls()).isEqualTo(1);
        assertThat(text(ask(guarded("{\"repair\":false,\"attempts\":1,\"claims\":[{\"pattern\":\"weighs (?<w>\\\\d+) kg\",\"requires\":[{\"where\":[\"arguments.w == 42\"]}]}]}"))))
            .isEqualTo("it weighs 7 kg");
    }

    @Test
    void anAnswerThatStaysUntrueIsPassedOnOrRefused() throws Exception {
        line.play("it weighs 7 kg");
        final String claims = "\"claims\":[{\"pattern\":\"weighs (?<w>\\\\d+) kg\",\"said\":[\"weight: {w}\"]}]";
        assertThat(text(ask(guarded("{\"attempts\":2,\"onFailure\":\"withhold\"," + claims + "}")))).isEqualTo("it weighs 7 kg");
        assertThat(line.requests).hasSize(2);
        assertThat(text(ask(guarded("{\"attempts\":2," + claims.replace("]}]", "],\"otherwise\":\"Not {w}, I think.\"}]") + "}")))).isEqualTo("Not 7, I think.");
        final ChatEvent last = ask(guarded("{\"attempts\":2,\"onFailure\":\"refuse\"," + claims + "}")).getLast();
        assertThat(((ChatEvent.Failed) last).failure()).hasMessageContaining("weight: 7");
    }

    private static String text(final List<ChatEvent> events) {
        final StringBuilder text = new StringBuilder();
        events.forEach(event -> text.append(event instanceof ChatEvent.Text piece ? piece.text() : ""));
        return text.toString();
    }

    @Test
    void aWrongCallMayBeWithheld() throws Exception {
        line.play("so " + WRONG);
        final List<ChatEvent> events = ask(guarded("{\"attempts\":1,\"onFailure\":\"withhold\"}"));
        assertThat(events).noneMatch(ChatEvent.CallStart.class::isInstance);
        assertThat(events).anyMatch(event -> event instanceof ChatEvent.ChoiceFinished done && done.reason() == ChatEvent.ChatFinish.STOP);
    }

    @Test
    void whatIsPlainlyMeantCostsNoSecondAttempt() throws Exception {
        line.play("[[find|{\"id\":\"42\"}]]");
        final GuardService service = guarded("{}");
        assertThat(arguments(ask(service))).isEqualTo("{\"id\":42}");
        assertThat(line.requests).hasSize(1);
        assertThat(service.counters().repairedCalls()).isEqualTo(1);
    }

    @Test
    void textAndModelsWithoutAPolicyAreLeftAlone() throws Exception {
        line.play("just text");
        final StringBuilder text = new StringBuilder();
        ask(guarded("{}")).forEach(event -> text.append(event instanceof ChatEvent.Text piece ? piece.text() : ""));
        assertThat(text).hasToString("just text");
        line.play(WRONG);
        assertThat(arguments(ask(new GuardService(plain, Map.of())))).isEqualTo("{\"id\":\"x\"}");
    }

    private static byte[] ascii(final int[] tokens) {
        final byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) tokens[i];
        }
        return bytes;
    }
}
