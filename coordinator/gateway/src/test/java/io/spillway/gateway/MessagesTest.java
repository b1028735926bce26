package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.Retention;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Messages that are sent as a whole, and what becomes of the conversation before a model sees it. */
class MessagesTest {
    private static final String PATH = "/v1/messages";
    private static final String TOOLS = ",'tools':[{'name':'look','description':'Looks.','input_schema':{'type':'object'}},"
        + "{'name':'other','input_schema':{'type':'object'},'type':'custom'}]";
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
        cluster.view = TestCluster.view(1, 4096);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @BeforeEach
    void reset() {
        cluster.line.requests.clear();
        cluster.line.play("hello");
    }

    /** @return a body; {@code more} are further fields, in JSON, beginning with a comma; apostrophes stand for quotes */
    static String body(final String messages, final String more) {
        return ("{'model':'bytes','max_tokens':64,'messages':" + messages + more + "}").replace('\'', '"');
    }

    private static String asks(final String more) {
        return body("[{'role':'user','content':'hi'}]", more);
    }

    private static JsonNode answer(final String body) {
        return MessageSchemas.message(cluster.post(PATH, body));
    }

    private static GenerationRequest sent() {
        return cluster.line.requests.getLast();
    }

    /** @return the prompt as the model saw it */
    private static String prompt(final String messages, final String more) {
        answer(body(messages, more));
        return text(sent().promptTokens());
    }

    static String text(final int[] tokens) {
        final byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) tokens[i];
        }
        return new String(bytes, java.nio.charset.StandardCharsets.UTF_8);
    }

    @Test
    void aTextIsAMessageWithOneBlock() {
        final JsonNode message = answer(asks(""));
        assertThat(message.path("content")).hasSize(1);
        assertThat(message.path("content").get(0).path("text").asText()).isEqualTo("hello");
        assertThat(message.path("model").asText()).isEqualTo("bytes");
        assertThat(message.path("stop_reason").asText()).isEqualTo("end_turn");
        assertThat(message.path("stop_sequence").isNull()).isTrue();
        assertThat(message.path("usage").path("output_tokens").asInt()).isEqualTo(5);
    }

    @Test
    void whatEndedTheMessageIsSaid() {
        cluster.line.play("a STO b STOP c");
        final JsonNode stopped = answer(asks(",'stop_sequences':['never','STOP']"));
        assertThat(stopped.path("stop_reason").asText()).isEqualTo("stop_sequence");
        assertThat(stopped.path("stop_sequence").asText()).isEqualTo("STOP");
        assertThat(stopped.path("content").get(0).path("text").asText()).isEqualTo("a STO b ");
        cluster.line.play("x".repeat(100));
        final JsonNode cut = answer(asks(""));
        assertThat(cut.path("stop_reason").asText()).isEqualTo("max_tokens");
        assertThat(cut.path("usage").path("output_tokens").asInt()).isEqualTo(64);
    }

    @Test
    void maxTokensAreClampedToWhatTheContextLeaves() {
        answer(asks("").replace("64", "32000"));
        assertThat(sent().outputTokensMax()).isEqualTo(4096 - sent().promptTokens().length);
    }

    @Test
    void callsAreBlocksWithObjects() {
        cluster.line.play("Hm.[[look|{\"a\": 1}]] [[other|]]");
        final JsonNode message = answer(asks(TOOLS));
        assertThat(message.path("stop_reason").asText()).isEqualTo("tool_use");
        assertThat(message.path("content")).hasSize(3);
        assertThat(message.path("content").get(1).path("name").asText()).isEqualTo("look");
        assertThat(message.path("content").get(1).path("input")).isEqualTo(json("{\"a\":1}"));
        assertThat(message.path("content").get(2).path("input")).isEmpty();
        assertThat(message.path("content").get(1).path("id")).isNotEqualTo(message.path("content").get(2).path("id"));
    }

    @Test
    void argumentsThatAreNoObjectAreHandedOnAsWritten() {
        cluster.line.play("[[look|{\"a\": ]]");
        assertThat(answer(asks(TOOLS)).path("content").get(0).path("input")).isEqualTo(json("{\"raw_arguments\":\"{\\\"a\\\": \"}"));
    }

    @Test
    void whatMayBeCalled() {
        cluster.line.play("[[look|{}]][[other|{}]]");
        assertThat(answer(asks(TOOLS + ",'tool_choice':{'type':'auto','disable_parallel_tool_use':true}")).path("content")).hasSize(1);
        cluster.line.play("look|{}]]");
        assertThat(answer(asks(TOOLS + ",'tool_choice':{'type':'any'}")).path("content").get(0).path("name").asText()).isEqualTo("look");
        assertThat(text(sent().promptTokens())).endsWith("[[");
        cluster.line.play("{\"b\":2}]]");
        final JsonNode named = answer(asks(TOOLS + ",'tool_choice':{'type':'tool','name':'other'}"));
        assertThat(named.path("content").get(0).path("input")).isEqualTo(json("{\"b\":2}"));
        assertThat(named.path("stop_reason").asText()).isEqualTo("tool_use");
        cluster.line.play("[[look|{}]]");
        final JsonNode none = answer(asks(TOOLS + ",'tool_choice':{'type':'none'}"));
        assertThat(none.path("content").get(0).path("text").asText()).isEqualTo("[[look|{}]]");
        assertThat(text(sent().promptTokens())).doesNotContain("Looks.");
    }

    private static final String DEFERRED = ",'tools':[{'name':'look','description':'Looks.','input_schema':{'type':'object'}},"
        + "{'name':'later','description':'Comes.','input_schema':{'type':'object'},'defer_loading':true}";

    @Test
    void aDeferredToolIsToldOnceItWasFoundOrCalledOrNamed() {
        final String found = "[{'role':'user','content':'hi'},{'role':'assistant','content':[{'type':'tool_use','id':'t','name':'look','input':{}}]},"
            + "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t','content':[{'type':'tool_reference','tool_name':'later'}]}]}]";
        final String called = "[{'role':'user','content':'hi'},{'role':'assistant','content':[{'type':'tool_use','id':'t','name':'later','input':{}}]},"
            + "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t','content':'x'}]}]";
        assertThat(prompt("[{'role':'user','content':'hi'}]", DEFERRED + "]")).contains("Looks.").doesNotContain("Comes.");
        assertThat(prompt(found, DEFERRED + "]")).contains("Looks.").contains("Comes.");
        assertThat(prompt(called, DEFERRED + "]")).contains("Comes.");
        cluster.line.play("{}]]");
        assertThat(prompt("[{'role':'user','content':'hi'}]", DEFERRED + "],'tool_choice':{'type':'tool','name':'later'}")).contains("Comes.");
        assertThat(cluster.post(PATH, asks(DEFERRED + "]")).headers().firstValue("x-spillway-tools")).hasValue("not offered: deferred");
    }

    @Test
    void deferredToolsThatNobodyHereCouldFindAreToldAtOnce() {
        assertThat(prompt("[{'role':'user','content':'hi'}]",
            DEFERRED + ",{'type':'tool_search_tool_regex_20251119','name':'tool_search_tool_regex'}]")).contains("Comes.");
        final HttpResponse<String> response = cluster.post(PATH, asks(
            ",'tools':[{'name':'later','input_schema':{'type':'object'},'defer_loading':'yes'}]"));
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("tools[0].defer_loading");
    }

    @Test
    void onlyDeferredToolsAreAConversationWithoutTools() {
        assertThat(prompt("[{'role':'user','content':'hi'}]",
            ",'tools':[{'name':'later','description':'Comes.','input_schema':{'type':'object'},'defer_loading':true}]")).isEqualTo("user:hi\n");
    }

    @Test
    void toolsThatOnlyTheirMakerCanRunAreNotOffered() {
        final HttpResponse<String> response = cluster.post(PATH, asks(
            ",'tools':[{'type':'web_search_20250305','name':'web_search','max_uses':8}]"));
        MessageSchemas.message(response);
        assertThat(response.headers().firstValue("x-spillway-tools")).hasValue("not offered: web_search_20250305");
        assertThat(text(sent().promptTokens())).doesNotContain("web_search");
        final StringBuilder many = new StringBuilder("{'type':'" + "x".repeat(20_000) + "'}");
        for (int i = 0; i < 100; i++) {
            many.append(",{'type':'tool_").append(i).append("'}");
        }
        final HttpResponse<String> bounded = cluster.post(PATH, asks(",'tools':[" + many + "]"));
        MessageSchemas.message(bounded);
        assertThat(bounded.headers().firstValue("x-spillway-tools").orElseThrow().length()).isLessThan(2000);
    }

    @Test
    void thoughtsAreToldToThoseWhoAsk() {
        cluster.line.play("<think>hm, hm</think>yes");
        final JsonNode asked = answer(asks(",'thinking':{'type':'adaptive'}"));
        assertThat(answer(asks(",'thinking':{'type':'adaptive','display':'updates'}")).at("/content"))
            .as("the display that claude-code asks for").isEqualTo(asked.at("/content"));
        assertThat(asked.path("content").get(0).path("thinking").asText()).isEqualTo("hm, hm");
        assertThat(asked.path("content").get(0).path("signature").asText()).isNotEmpty();
        assertThat(asked.path("content").get(1).path("text").asText()).isEqualTo("yes");
        assertThat(asked.path("usage").path("output_tokens_details").path("thinking_tokens").asInt()).isPositive();
        final JsonNode omitted = answer(asks(",'thinking':{'type':'enabled','budget_tokens':1024,'display':'omitted'}").replace("64", "2000"));
        assertThat(omitted.path("content").get(0).path("thinking").asText()).isEmpty();
        assertThat(omitted.path("content").get(0).path("signature")).isEqualTo(asked.path("content").get(0).path("signature"));
        for (final String quiet : List.of("", ",'thinking':{'type':'disabled'}")) {
            final JsonNode message = answer(asks(quiet));
            assertThat(message.path("content")).hasSize(1);
            assertThat(message.path("content").get(0).path("text").asText()).isEqualTo("yes");
        }
    }

    @Test
    void theConversationBecomesOneThatTemplatesKnow() {
        final String messages = "[{'role':'user','content':'a'},{'role':'msg','content':[{'type':'text','text':'b'}]},"
            + "{'role':'assistant','content':[{'type':'thinking','thinking':'t','signature':'s'},{'type':'redacted_thinking','data':'x'},"
            + "{'type':'text','text':'c'},{'type':'tool_use','id':'toolu_1','name':'look','input':{'q':[1,2],'r':'ü'}},"
            + "{'type':'tool_use','id':'toolu_2','name':'other','input':{}}]},"
            + "{'role':'user','content':[{'type':'text','text':'d'},{'type':'tool_result','tool_use_id':'toolu_2','content':'two','is_error':true},"
            + "{'type':'tool_result','tool_use_id':'toolu_1','content':[{'type':'text','text':'one'},"
            + "{'type':'document','title':'T','source':{'type':'text','media_type':'text/plain','data':'doc'}}]}]},"
            + "{'role':'system','content':'mind this'},{'role':'user','content':'e'}]";
        assertThat(prompt(messages, ",'system':'s'" + TOOLS).lines().skip(2)).containsExactly(
            "system:s",
            "user:[{type=text, text=a}, {type=text, text=b}]",
            "assistant:c[{id=toolu_1, type=function, function={name=look, arguments={\"q\": [1, 2], \"r\": \"ü\"}}},"
                + " {id=toolu_2, type=function, function={name=other, arguments={}}}]",
            "tool:one", "T", "doc",
            "tool:Error: two",
            "user:[{type=text, text=d}, {type=text, text=<system-reminder>", "mind this", "</system-reminder>}, {type=text, text=e}]");
    }

    @Test
    void systemMessagesBeforeTheFirstTurnJoinTheSystem() {
        assertThat(prompt("[{'role':'system','content':[{'type':'text','text':'y'}]},{'role':'user','content':'a'}]", ",'system':'x'"))
            .isEqualTo("system:[{type=text, text=x}, {type=text, text=y}]\nuser:a\n");
    }

    @Test
    void anAnswerThatTheClientBeganIsContinued() {
        assertThat(prompt("[{'role':'user','content':'a'},{'role':'assistant','content':'The answer is'}]", ""))
            .isEqualTo("user:a\nassistant:The answer is");
        cluster.line.play(" 42");
        assertThat(answer(body("[{'role':'user','content':'a'},{'role':'assistant','content':'The answer is'}]", ""))
            .path("content").get(0).path("text").asText()).isEqualTo(" 42");
        assertThat(prompt("[{'role':'user','content':'a'},{'role':'assistant','content':[]}]", "")).isEqualTo("user:a\n");
    }

    @Test
    void cachedAndWrittenTokensAreCountedOnce() {
        final JsonNode plain = answer(asks("")).path("usage");
        final int prompt = sent().promptTokens().length;
        assertThat(plain.path("cache_read_input_tokens").asInt()).isEqualTo(prompt / 2);
        assertThat(plain.path("input_tokens").asInt()).isEqualTo(prompt - prompt / 2);
        assertThat(plain.path("cache_creation_input_tokens").asInt()).isZero();
        assertThat(plain.path("spillway").path("computed_tokens").asInt()).isEqualTo(prompt - prompt / 2);

        final String marked = "[{'role':'user','content':[{'type':'text','text':'" + "x".repeat(50)
            + "','cache_control':{'type':'ephemeral'}}]},{'role':'assistant','content':'y'},{'role':'user','content':'z'}]";
        final JsonNode usage = answer(body(marked, ",'system':[{'type':'text','text':'" + "s".repeat(40)
            + "','cache_control':{'type':'ephemeral','ttl':'1h'}}]")).path("usage");
        final int all = sent().promptTokens().length;
        final int system = "system:\n".length() + 40;
        final int user = system + "user:\n".length() + 50;
        assertThat(usage.path("cache_read_input_tokens").asInt()).isEqualTo(all / 2);
        assertThat(usage.path("cache_creation").path("ephemeral_1h_input_tokens").asInt()).isEqualTo(Math.max(0, system - all / 2));
        assertThat(usage.path("cache_creation").path("ephemeral_5m_input_tokens").asInt())
            .isEqualTo(user - Math.max(system, all / 2)).isEqualTo(usage.path("cache_creation_input_tokens").asInt());
        assertThat(usage.path("input_tokens").asInt()).isEqualTo(all - user).isPositive();
        assertThat(sent().retentions()).as("told to the node").containsExactly(new Retention(system, 3_600_000), new Retention(user, 300_000));
    }

    @Test
    void aMarkOnTheWholeRequestReachesToItsEnd() {
        final JsonNode usage = answer(asks(",'cache_control':{'type':'ephemeral','ttl':'1h'}")).path("usage");
        assertThat(usage.path("input_tokens").asInt()).isZero();
        assertThat(usage.path("cache_creation").path("ephemeral_1h_input_tokens").asInt()).isPositive()
            .isEqualTo(usage.path("cache_creation_input_tokens").asInt());
    }

    @Test
    void tokensAreCountedAsTheyWouldBeSent() {
        final HttpResponse<String> response = cluster.post(PATH + "/count_tokens",
            "{\"model\":\"bytes\",\"system\":\"s\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(MessageSchemas.check("MessageTokensCount", json(response.body())).path("input_tokens").asInt())
            .isEqualTo("system:s\nuser:hi\n".length());
        answer(asks(",'system':'s'"));
        assertThat(sent().promptTokens()).hasSize("system:s\nuser:hi\n".length());
    }

    @Test
    void samplingIsPassedOn() {
        answer(asks(",'temperature':0.25,'top_p':0.5,'top_k':7,'metadata':{'user_id':'u'},'service_tier':'auto','context_management':{}"));
        assertThat(sent().sampling().temperature()).isEqualTo(0.25f);
        assertThat(sent().sampling().topP()).isEqualTo(0.5f);
        assertThat(sent().sampling().topK()).isEqualTo(7);
    }

    @Test
    void aFormatIsKeptByAGrammar() {
        cluster.line.play("{\"a\":1}");
        answer(asks(",'output_config':{'effort':'high','format':{'type':'json_schema','schema':{'type':'object',"
            + "'properties':{'a':{'type':'integer'}},'required':['a'],'additionalProperties':false}}}"));
        assertThat(sent().grammar()).isPresent();
    }
}
