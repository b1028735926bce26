package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** Holds answers against the published schemas. */
final class OpenAiSchemas {
    private static final ObjectNode DOCUMENT = load();

    private OpenAiSchemas() {
    }

    private static ObjectNode load() {
        try (InputStream file = OpenAiSchemas.class.getResourceAsStream("/openai/schemas.json")) {
            return (ObjectNode) TestCluster.JSON.readTree(file);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void check(final String name, final JsonNode answer) {
        final ObjectNode root = DOCUMENT.deepCopy();
        root.remove("$id");
        root.put("$ref", "#/$defs/" + name);
        final JsonSchema schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(root);
        assertThat(schema.validate(answer)).as(name + ": " + answer).isEmpty();
    }
}
