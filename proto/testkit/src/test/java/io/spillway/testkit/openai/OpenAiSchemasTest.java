package io.spillway.testkit.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class OpenAiSchemasTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static JsonNode json(final String text) throws Exception {
        return JSON.readTree(text.replace('\'', '"'));
    }

    @Test
    void whatFitsPassesAndWhatDoesNotIsNamed() throws Exception {
        final JsonNode model = json("{'id':'m','object':'model','created':1,'owned_by':'us','max_model_len':5}");
        assertThatCode(() -> OpenAiSchemas.check("Model", model)).doesNotThrowAnyException();
        assertThat(OpenAiSchemas.violations("Model", json("{'id':7,'object':'model','owned_by':'us'}")))
            .hasSize(2).anyMatch(line -> line.contains("id")).anyMatch(line -> line.contains("created"));
        assertThatThrownBy(() -> OpenAiSchemas.check("Model", json("{}"))).isInstanceOf(AssertionError.class).hasMessageContaining("Model");
        assertThatThrownBy(() -> OpenAiSchemas.check("Modell", model)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anEventIsHeldAgainstTheSchemaOfItsOwnType() throws Exception {
        final String delta = "{'type':'response.output_text.delta','sequence_number':4,'item_id':'msg_1','output_index':0,"
            + "'content_index':0,'delta':'x','logprobs':[]}";
        assertThatCode(() -> OpenAiSchemas.checkResponseEvent(json(delta))).doesNotThrowAnyException();
        assertThatThrownBy(() -> OpenAiSchemas.checkResponseEvent(json(delta.replace("'sequence_number':4,", ""))))
            .isInstanceOf(AssertionError.class).hasMessageContaining("ResponseTextDeltaEvent").hasMessageContaining("sequence_number");
        assertThatThrownBy(() -> OpenAiSchemas.checkResponseEvent(json("{'type':'response.sang'}")))
            .isInstanceOf(AssertionError.class).hasMessageContaining("response.sang");
    }
}
