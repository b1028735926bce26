package io.spillway.gateway.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class ToolSchemasTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SCHEMA = """
        {"type":"object","description":"d","$defs":{"zeta":{"type":"string","minLength":1},"alpha":{"type":"null"}},
        "properties":{"why":{"type":"string","description":"first"},"answer":{"anyOf":[{"type":"integer","minimum":0},{"$ref":"#/$defs/zeta"}],
        "default":{"b":1,"a":2}},"enum":{"type":"string","enum":["y","x"]}},"required":["why","answer"],"additionalProperties":false,
        "x-vendor":{"q":1,"b":[{"z":1,"a":2}]}}""";

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(final String json) throws JsonProcessingException {
        return JSON.readValue(json, LinkedHashMap.class);
    }

    @Test
    void keywordsGetOneOrderAndPropertiesKeepTheirs() throws JsonProcessingException {
        final String text = JSON.writeValueAsString(ToolSchemas.canonical(map(SCHEMA)));
        assertThat(text).startsWith("{\"type\":\"object\",\"description\":\"d\",\"properties\":{\"why\":{\"type\":\"string\",\"description\":")
            .contains("\"why\":", "\"answer\":").contains("\"default\":{\"b\":1,\"a\":2}").contains("\"enum\":[\"y\",\"x\"]")
            .contains("\"$defs\":{\"zeta\":{\"type\":\"string\",\"minLength\":1},\"alpha\"").contains("[{\"a\":2,\"z\":1}]");
        assertThat(text.indexOf("\"why\"")).isLessThan(text.indexOf("\"answer\""));
    }

    @Property(tries = 200)
    void theOrderOfKeywordsThatWasSentMakesNoDifference(@ForAll final long seed) throws JsonProcessingException {
        final Map<String, Object> sent = map(SCHEMA);
        final Map<String, Object> shuffled = shuffled(sent, new Random(seed), "");
        assertThat(JSON.writeValueAsString(ToolSchemas.canonical(shuffled))).isEqualTo(JSON.writeValueAsString(ToolSchemas.canonical(sent)));
        assertThat(JSON.<ObjectNode>valueToTree(ToolSchemas.canonical(shuffled))).as("an equal schema").isEqualTo(JSON.valueToTree(sent));
    }

    private static Map<String, Object> shuffled(final Map<String, Object> schema, final Random random, final String keyword) {
        final List<String> keys = new ArrayList<>(schema.keySet());
        if (!keyword.equals("properties") && !keyword.equals("$defs") && !keyword.equals("default")) {
            Collections.shuffle(keys, random);
        }
        final Map<String, Object> result = new LinkedHashMap<>();
        keys.forEach(key -> result.put(key, inner(schema.get(key), random, key)));
        return result;
    }

    @SuppressWarnings("unchecked")
    private static Object inner(final Object value, final Random random, final String keyword) {
        if (value instanceof Map<?, ?> map) {
            return shuffled((Map<String, Object>) map, random, keyword);
        }
        return value instanceof List<?> list ? list.stream().map(element -> inner(element, random, "")).toList() : value;
    }
}
