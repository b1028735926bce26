package io.spillway.gateway.anthropic;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.Retention;
import io.spillway.gateway.chat.ChatFixtures;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.chat.TextChatModel;
import io.spillway.gateway.identity.AgentIdentity;
import io.spillway.gateway.json.Fields;
import io.spillway.text.ModelText;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On a real model's files: what a conversation adds stands behind what was there before, token by token. */
class SharedPrefixTest {
    private static final String TOOLS = ",'tools':[{'name':'get_order_status','description':'Status.','input_schema':{'type':'object',"
        + "'properties':{'order_id':{'type':'string'}},'required':['order_id']}}]";
    private static ModelText text;
    private static TextChatModel model;

    @BeforeAll
    static void load() {
        text = ModelText.load(Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook"));
        model = new TextChatModel(text);
    }

    private static MessagesBody read(final String messages, final String more) {
        final String body = "{'model':'m','max_tokens':9,'messages':[" + messages + "]" + more + TOOLS + "}";
        return MessagesBody.read(Fields.parse(body.replace('\'', '"').getBytes(StandardCharsets.UTF_8)),
            new MessagesBody.Asker(new RequestId("msg_1"), new TenantId("t"), AgentIdentity.NONE), false);
    }

    private static Prompt.Messages prompt(final String messages) {
        return read(messages, ",'system':[{'type':'text','text':'Be brief.'}]").prompt();
    }

    /** Clients send a call's arguments back as an object; the model wrote them as a text, and that text is what was cached. */
    @Test
    void aToolLoopGoesOnBehindTheModelsOwnWords() {
        final String question = "{'role':'user','content':[{'type':'text','text':'Where is A-1?'}]}";
        final int[] before = model.encode(prompt(question));
        final int[] output = text.tokenizer().encode("Check: yes.\n<tool_call>\n{\"name\": \"get_order_status\", \"arguments\": "
            + "{\"order_id\": \"A-1\", \"places\": [\"Zürich\", 7, true, null]}}\n</tool_call>", false);
        final int[] next = model.encode(prompt(question + ",{'role':'assistant','content':[{'type':'text','text':'Check: yes.'},"
            + "{'type':'tool_use','id':'toolu_1','name':'get_order_status','input':{'order_id':'A-1','places':['Zürich',7,true,null]}}]},"
            + "{'role':'user','content':[{'type':'tool_result','tool_use_id':'toolu_1','content':'shipped'}]}"));
        assertThat(Arrays.copyOf(next, before.length)).containsExactly(before);
        assertThat(Arrays.copyOfRange(next, before.length, before.length + output.length)).containsExactly(output);
    }

    @Test
    void aReminderInTheMiddleChangesNothingBeforeIt() {
        final String question = "{'role':'user','content':'a'},{'role':'assistant','content':'b'}";
        final int[] before = model.encode(prompt(question + ",{'role':'user','content':'c'}"));
        final int[] next = model.encode(prompt(question + ",{'role':'user','content':'c'},{'role':'assistant','content':'d'},"
            + "{'role':'system','content':'mind'},{'role':'user','content':'e'}"));
        assertThat(Arrays.copyOf(next, before.length)).containsExactly(before);
        assertThat(text.tokenizer().decode(next)).contains("<system-reminder>\nmind\n</system-reminder>");
    }

    @Test
    void marksReachAsFarAsTheTemplateSays() {
        final MessagesBody body = read("{'role':'user','content':'a'},{'role':'assistant','content':'b'},{'role':'user','content':'c'}",
            ",'system':[{'type':'text','text':'Be brief.','cache_control':{'type':'ephemeral','ttl':'1h'}}]");
        final List<Retention> retentions = ChatFixtures.retentions(body.request(), model);
        final InputUsage.Reach reach = InputUsage.Reach.of(retentions);
        final int[] whole = model.encode(body.prompt());
        assertThat(reach.longTokens()).isEqualTo(reach.anyTokens()).isBetween(1, whole.length - 1);
        assertThat(text.tokenizer().decode(Arrays.copyOf(whole, reach.anyTokens()))).contains("Be brief.").endsWith("<|im_end|>\n");
    }
}
