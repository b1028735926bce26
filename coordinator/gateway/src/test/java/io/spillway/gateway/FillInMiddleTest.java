package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.gateway.chat.TextChatModel;
import io.spillway.testkit.openai.OpenAiSchemas;
import io.spillway.text.ModelText;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Completions with a suffix, by a model whose tokens are bytes and that knows the tokens around a gap. */
class FillInMiddleTest {
    private static final int PREFIX = 256;
    private static final int SUFFIX = 257;
    private static final int MIDDLE = 258;
    private static final int PAD = 259;
    private static final int END = 260;
    private static TestCluster cluster;
    private static ModelText text;

    @BeforeAll
    static void start(@TempDir final Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), tokenizer().toString());
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\":\"<|endoftext|>\"}");
        text = ModelText.load(folder);
        cluster = new TestCluster();
        cluster.models.put("coder", new TextChatModel(text));
        cluster.view = TestCluster.view("coder", 1, 512);
    }

    @AfterAll
    static void stop() {
        cluster.close();
        text.close();
    }

    @BeforeEach
    void reset() {
        cluster.line.play("b + c");
        cluster.line.requests.clear();
    }

    /** Byte-level pairs without a merge: the ids are those of the 256 bytes in the order of their letters. */
    private static ObjectNode tokenizer() {
        final ObjectNode root = TestCluster.JSON.createObjectNode().put("version", "1.0");
        final ArrayNode added = root.putArray("added_tokens");
        final List<String> names = List.of("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>", "<|endoftext|>");
        for (int i = 0; i < names.size(); i++) {
            added.addObject().put("id", PREFIX + i).put("content", names.get(i)).put("single_word", false).put("lstrip", false)
                .put("rstrip", false).put("normalized", false).put("special", i >= 3);
        }
        final ObjectNode bytes = TestCluster.JSON.createObjectNode().put("type", "ByteLevel").put("add_prefix_space", false)
            .put("trim_offsets", false).put("use_regex", false);
        root.set("pre_tokenizer", bytes);
        root.set("decoder", bytes);
        final ObjectNode model = root.putObject("model").put("type", "BPE");
        final ObjectNode vocabulary = model.putObject("vocab");
        IntStream.range(0, 256).forEach(value -> vocabulary.put(Character.toString(letter(value)), value));
        model.putArray("merges");
        return root;
    }

    /** How byte-level vocabularies spell a byte. */
    private static char letter(final int value) {
        final java.util.function.IntPredicate visible = one -> one >= '!' && one <= '~' || one >= 0xa1 && one <= 0xac || one >= 0xae && one <= 0xff;
        return (char) (visible.test(value) ? value : 0x100 + IntStream.range(0, value).filter(visible.negate()).count());
    }

    private static HttpResponse<String> post(final String fields) {
        return cluster.post("/v1/completions", ("{'model':'coder'," + fields + "}").replace('\'', '"'));
    }

    private static JsonNode ask(final String fields) {
        final HttpResponse<String> response = post(fields);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        OpenAiSchemas.check("CreateCompletionResponse", json(response.body()));
        return json(response.body());
    }

    private static int[] gap(final String before, final String behind) {
        return IntStream.concat(IntStream.concat(IntStream.of(PREFIX), IntStream.of(ByteModel.bytes(before))), IntStream.concat(IntStream.concat(
            IntStream.of(SUFFIX), IntStream.of(ByteModel.bytes(behind))), IntStream.of(MIDDLE))).toArray();
    }

    @Test
    void theModelIsAskedForWhatStandsBetween() {
        final JsonNode answer = ask("'prompt':'a = é','suffix':'; return a'");
        assertThat(answer.path("choices").get(0).path("text").asText()).isEqualTo("b + c");
        final GenerationRequest asked = cluster.line.requests.getFirst();
        assertThat(asked.promptTokens()).isEqualTo(gap("a = é", "; return a"));
        assertThat(asked.stopTokens()).contains(END, PAD);
        assertThat(answer.path("usage").path("prompt_tokens").asInt()).isEqualTo(asked.promptTokens().length);
    }

    @Test
    void eachOfSeveralTextsHasTheSameBehindIt() {
        final JsonNode answer = ask("'prompt':['x','yy'],'suffix':'z','echo':true");
        assertThat(answer.path("choices")).extracting(choice -> choice.path("text").asText()).containsExactly("xb + c", "yyb + c");
        assertThat(cluster.line.requests).extracting(GenerationRequest::promptTokens).contains(gap("x", "z"), gap("yy", "z"));
    }

    @Test
    void withoutAnythingBehindItIsAPlainText() {
        ask("'prompt':'a','suffix':''");
        ask("'prompt':'a','suffix':null");
        assertThat(cluster.line.requests).allSatisfy(asked -> {
            assertThat(asked.promptTokens()).containsExactly('a');
            assertThat(asked.stopTokens()).containsExactly(END);
        });
    }

    @Test
    void tokensHaveNoGap() {
        final HttpResponse<String> response = post("'prompt':[1,2],'suffix':'z'");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(json(response.body()).path("error").path("param").asText()).isEqualTo("suffix");
    }
}
