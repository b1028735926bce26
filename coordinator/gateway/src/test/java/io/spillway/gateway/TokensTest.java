package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.gateway.chat.TextChatModel;
import io.spillway.gateway.http.HttpServerConfig;
import io.spillway.text.ModelText;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest {
    private static final String USER = "'messages':[{'role':'user','content':'Où est ma commande?'}]";
    private static final String TOOLS = ",'tools':[{'type':'function','function':{'name':'find','parameters':{'type':'object',"
        + "'properties':{'b':{'type':'string'},'a':{'type':'integer'}}}}}]";
    private static TestCluster cluster;
    private static ModelText text;

    @BeforeAll
    @BeforeContainer
    static void start() {
        text = ModelText.load(Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook"));
        cluster = new TestCluster();
        cluster.models.put("brook", new TextChatModel(text));
        cluster.view = TestCluster.view("brook", 1, 4096);
    }

    @AfterAll
    @AfterContainer
    static void stop() {
        cluster.close();
        text.close();
    }

    private static HttpResponse<String> post(final String path, final String fields) {
        return cluster.post(path, ("{'model':'brook'," + fields + "}").replace('\'', '"'));
    }

    private static JsonNode ask(final String path, final String fields) {
        final HttpResponse<String> response = post(path, fields);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return json(response.body());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", TOOLS, TOOLS + ",'tool_choice':'none'", TOOLS + ",'tool_choice':'required'",
        TOOLS + ",'tool_choice':{'type':'function','function':{'name':'find'}}", ",'response_format':{'type':'json_object'}",
        ",'reasoning_effort':'none'", ",'max_tokens':3,'temperature':0"})
    void aConversationHasTheTokensThatItsChatCompletionCounts(final String more) {
        final JsonNode tokens = ask("/v1/tokenize", USER + more);
        cluster.line.requests.clear();
        final JsonNode chat = ask("/v1/chat/completions", USER + more);
        assertThat(tokens.path("count").asInt()).isPositive().isEqualTo(chat.path("usage").path("prompt_tokens").asInt());
        assertThat(ids(tokens)).isEqualTo(ids(cluster.line.requests.getFirst().promptTokens()));
        assertThat(tokens.path("max_model_len").asInt()).isEqualTo(4096);
        assertThat(tokens.path("token_strs").isNull()).isTrue();
    }

    private static List<Integer> ids(final JsonNode answer) {
        final List<Integer> ids = new ArrayList<>();
        answer.path("tokens").forEach(token -> ids.add(token.asInt()));
        assertThat(answer.path("count").asInt()).isEqualTo(ids.size());
        return ids;
    }

    private static List<Integer> ids(final int[] tokens) {
        return java.util.Arrays.stream(tokens).boxed().toList();
    }

    private static String back(final JsonNode answer) {
        return ask("/detokenize", "'tokens':" + answer.path("tokens")).path("prompt").asText();
    }

    @Test
    void aConversationMayEndWithoutTheAnswersBeginning() {
        final String whole = back(ask("/tokenize", USER));
        assertThat(whole).endsWith("<|im_end|>\n<|im_start|>assistant\n");
        final String without = back(ask("/tokenize", USER + ",'add_generation_prompt':false"));
        assertThat(whole).isEqualTo(without + "<|im_start|>assistant\n");
        final String open = "'messages':[{'role':'user','content':'Où est ma commande?'},{'role':'assistant','content':'It is'}]"
            + ",'add_generation_prompt':false,'continue_final_message':true";
        assertThat(back(ask("/tokenize", open))).isEqualTo(whole + "It is");
    }

    @Test
    void aTextIsSpelledTokenByToken() {
        final JsonNode tokens = ask("/v1/tokenize", "'prompt':'Hello <|im_end|> 🙂','return_token_strs':true");
        final List<String> texts = new ArrayList<>();
        tokens.path("token_strs").forEach(one -> texts.add(one.asText()));
        assertThat(texts).hasSize(tokens.path("count").asInt()).contains("<|im_end|>");
        assertThat(back(tokens)).isEqualTo("Hello <|im_end|> 🙂");
    }

    @Test
    void moreThanTheContextIsCountedAllTheSame() {
        cluster.view = TestCluster.view("brook", 1, 16);
        try {
            final JsonNode tokens = ask("/v1/tokenize", USER + TOOLS);
            assertThat(tokens.path("count").asInt()).isGreaterThan(tokens.path("max_model_len").asInt());
        } finally {
            cluster.view = TestCluster.view("brook", 1, 4096);
        }
    }

    @Property(tries = 40)
    void whateverWasATextIsThatTextAgain(@ForAll @StringLength(max = 60) final String words) {
        final String whole = words.codePoints().filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
        final String body = TestCluster.JSON.createObjectNode().put("model", "brook").put("prompt", whole)
            .put("add_special_tokens", false).toString();
        assertThat(back(json(cluster.post("/v1/tokenize", body).body()))).isEqualTo(whole);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '@', value = {
        "/v1/tokenize; 'x':1; prompt; missing_required_parameter",
        "/v1/tokenize; 'prompt':['a']; prompt; invalid_type",
        "/v1/tokenize; 'prompt':'a','messages':[{'role':'user','content':'a'}]; prompt; invalid_value",
        "/v1/tokenize; 'prompt':'a','return_token_strs':1; return_token_strs; invalid_type",
        "/v1/tokenize; 'messages':[]; messages; invalid_value",
        "/v1/tokenize; 'messages':[{'role':'wizard','content':'a'}]; messages[0].role; invalid_value",
        "/v1/tokenize; 'messages':[{'role':'user','content':'a'}],'add_special_tokens':true; add_special_tokens; unsupported_value",
        "/v1/tokenize; 'messages':[{'role':'user','content':'a'}],'chat_template':'x'; chat_template; unsupported_value",
        "/v1/tokenize; 'messages':[{'role':'user','content':'a'}],'continue_final_message':true; continue_final_message; invalid_value",
        "/v1/detokenize; 'x':1; tokens; missing_required_parameter",
        "/v1/detokenize; 'tokens':'a'; tokens; invalid_type",
        "/v1/detokenize; 'tokens':[1,'a']; tokens[1]; invalid_type",
        "/v1/detokenize; 'tokens':[1,1.5]; tokens[1]; invalid_type",
        "/v1/detokenize; 'tokens':[1,-1]; tokens[1]; invalid_value",
        "/v1/detokenize; 'tokens':[99999999]; tokens[0]; invalid_value"})
    void badFieldsAreNamed(final String path, final String fields, final String param, final String code) {
        final HttpResponse<String> response = post(path, fields);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(json(response.body()).path("error").path("param").asText()).isEqualTo(param);
        assertThat(json(response.body()).path("error").path("code").asText()).isEqualTo(code);
    }

    @Test
    void nothingIsDoneForStrangersOrUnknownModels() {
        assertThat(cluster.post("/v1/tokenize", "{\"model\":\"nope\",\"prompt\":\"a\"}").statusCode()).isEqualTo(404);
        assertThat(cluster.post("/v1/detokenize", "{\"model\":\"nope\",\"tokens\":[1]}").statusCode()).isEqualTo(404);
        assertThat(cluster.send(java.net.http.HttpRequest.newBuilder(cluster.uri("/tokenize"))
            .POST(java.net.http.HttpRequest.BodyPublishers.ofString("{}")).build()).statusCode()).isEqualTo(401);
    }

    @Test
    void anAnswerIsBounded() {
        final StringBuilder tokens = new StringBuilder("'tokens':[0");
        tokens.append(",0".repeat(1 << 20));
        try (TestCluster wide = new TestCluster(config -> HttpServerConfig.on("127.0.0.1", 0))) {
            final HttpResponse<String> response = wide.post("/v1/detokenize", ("{'model':'bytes'," + tokens + "]}").replace('\'', '"'));
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(json(response.body()).path("error").path("param").asText()).isEqualTo("tokens");
        }
    }
}
