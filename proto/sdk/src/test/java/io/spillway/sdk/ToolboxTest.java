package io.spillway.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.error.SpillwayException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ToolboxTest {
    private enum Size { SMALL, LARGE }

    private record Item(String name, @JsonPropertyDescription("in EUR") double price) {
    }

    private record Order(String id, int count, boolean gift, Size size, List<Item> items, Map<String, Integer> extra, Optional<String> note) {
    }

    private record Tree(String label, List<Tree> children) {
    }

    private static JsonNode schema(final Class<?> type) throws Exception {
        return new ObjectMapper().readTree(RecordSchema.text(type));
    }

    @Test
    void aRecordIsAStrictSchema() throws Exception {
        final JsonNode order = schema(Order.class);
        assertThat(order.path("type").asText()).isEqualTo("object");
        assertThat(order.path("additionalProperties").isBoolean()).isTrue();
        assertThat(order.path("additionalProperties").asBoolean()).isFalse();
        assertThat(order.path("properties").fieldNames()).toIterable()
            .containsExactly("id", "count", "gift", "size", "items", "extra", "note");
        assertThat(order.path("required")).extracting(JsonNode::asText)
            .containsExactlyInAnyOrder("id", "count", "gift", "size", "items", "extra", "note");
        assertThat(order.at("/properties/count/type").asText()).isEqualTo("integer");
        assertThat(order.at("/properties/count/minimum").asLong()).isEqualTo(Integer.MIN_VALUE);
        assertThat(order.at("/properties/count/maximum").asLong()).isEqualTo(Integer.MAX_VALUE);
        assertThat(order.at("/properties/size/enum")).as(order.toPrettyString()).extracting(JsonNode::asText).containsExactly("SMALL", "LARGE");
        assertThat(order.at("/properties/note/type").toString()).isEqualTo("[\"string\",\"null\"]");
        assertThat(order.at("/properties/extra/additionalProperties/type").asText()).isEqualTo("integer");
        assertThat(order.findValue("price").path("description").asText()).isEqualTo("in EUR");
    }

    @Test
    void recordsMayHoldThemselves() throws Exception {
        assertThat(schema(Tree.class).toString()).contains("$ref");
        assertThat(RecordSchema.read("{\"label\": \"a\", \"children\": [{\"label\": \"b\", \"children\": []}]}", Tree.class).children())
            .extracting(Tree::label).containsExactly("b");
    }

    @Test
    void whatIsNoRecordIsRefused() {
        assertThatThrownBy(() -> RecordSchema.of(String.class)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("no record");
        assertThatThrownBy(() -> RecordSchema.read("{\"name\": 3, \"price\": \"x\"}", Item.class)).isInstanceOf(SpillwayException.class);
    }

    @Test
    void toolsRunAndTheirFailuresAreResults() {
        final Toolbox tools = Toolbox.empty()
            .with("price", "of an item", Item.class, item -> Map.of("total", item.price() * 2))
            .with("fail", "always", Item.class, item -> {
                throw new IllegalStateException("no stock");
            });
        assertThat(tools.specs()).extracting(ToolSpec::name).containsExactly("price", "fail");
        assertThat(tools.run(new ToolUse("c1", "price", "{\"name\": \"a\", \"price\": 2.5}")))
            .isEqualTo(ChatTurn.toolResult("c1", "{\"total\":5.0}"));
        assertThat(tools.run(new ToolUse("c2", "fail", "{\"name\": \"a\", \"price\": 1}")).content()).contains("error", "no stock");
        assertThat(tools.run(new ToolUse("c3", "nope", "{}")).content()).contains("error", "nope");
        assertThat(tools.run(new ToolUse("c4", "price", "{")).content()).contains("error");
    }
}
