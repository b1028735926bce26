package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.spillway.gateway.http.Router.Route;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.SwaggerParseResult;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The OpenAPI document says what the server does: its routes, the fields that it reads, the shapes of its answers. */
class ApiDocumentTest {
    /** Any JSON value is a schema, or a grammar's text. */
    private static final Set<String> OF_ANY_TYPE = Set.of("guided_json");
    private static BatchCluster cluster;
    private static JsonNode document;

    @BeforeAll
    static void start(@TempDir final Path directory) {
        cluster = new BatchCluster(directory);
        document = TestCluster.json(anonymous("GET", "/openapi.json", "").body());
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    /** One operation of the document. */
    private record Operation(String method, String path, JsonNode node) {
        boolean needsKey() {
            return !node.path("security").isArray();
        }

        /** @return a path that leads to it */
        String anyPath() {
            return path.replaceAll("\\{\\w+}", "x");
        }

        JsonNode body() {
            return node.path("requestBody").path("content").path("application/json");
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    private static List<Operation> operations() {
        final List<Operation> operations = new ArrayList<>();
        document.path("paths").properties().forEach(path -> path.getValue().properties().forEach(method ->
            operations.add(new Operation(method.getKey().toUpperCase(Locale.ROOT), path.getKey(), method.getValue()))));
        return operations;
    }

    private static HttpResponse<String> anonymous(final String method, final String path, final String body) {
        return cluster.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + cluster.port() + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body)));
    }

    @Test
    void itIsAnOpenApiDocument() {
        final SwaggerParseResult read = new OpenAPIV3Parser().readContents(document.toString());
        assertThat(read.getMessages()).isEmpty();
        assertThat(read.getOpenAPI().getPaths()).hasSameSizeAs(document.path("paths"));
        assertThat(document.path("openapi").asText()).isEqualTo("3.1.0");
    }

    @Test
    void everyReferenceLeadsSomewhereAndEveryComponentIsUsed() {
        final Set<String> used = new TreeSet<>();
        document.findValuesAsText("$ref").forEach(reference -> {
            assertThat(reference).startsWith("#/components/");
            assertThat(document.at(reference.substring(1)).isMissingNode()).as(reference).isFalse();
            used.add(reference);
        });
        final Set<String> there = new TreeSet<>();
        for (final String kind : List.of("parameters", "headers", "responses", "schemas")) {
            document.path("components").path(kind).fieldNames().forEachRemaining(name -> there.add("#/components/" + kind + "/" + name));
        }
        assertThat(used).isEqualTo(there);
    }

    @Test
    void everyOperationHasANameOfItsOwnAndNamesItsPathsParameters() {
        final Set<String> names = new HashSet<>();
        for (final Operation operation : operations()) {
            assertThat(names.add(operation.node.path("operationId").asText())).as(operation.toString()).isTrue();
            assertThat(operation.node.path("summary").asText()).as(operation.toString()).isNotEmpty();
            final List<String> parameters = new ArrayList<>();
            operation.node.path("parameters").forEach(parameter -> {
                final JsonNode resolved = parameter.has("$ref") ? document.at(parameter.path("$ref").asText().substring(1)) : parameter;
                if (resolved.path("in").asText().equals("path")) {
                    parameters.add("{" + resolved.path("name").asText() + "}");
                }
            });
            assertThat(parameters).as(operation.toString()).hasSize(operation.path.split("\\{", -1).length - 1)
                .allSatisfy(parameter -> assertThat(operation.path).contains(parameter));
        }
    }

    @Test
    void everyRouteIsInItAndNoOther() {
        final Set<Route> documented = new HashSet<>();
        for (final Operation operation : operations()) {
            final List<Route> routes = cluster.routes().stream().filter(route -> route.method().equals(operation.method)
                && matches(route.pattern(), operation.anyPath())).toList();
            assertThat(routes).as(operation.toString()).isNotEmpty();
            documented.add(routes.getFirst());
        }
        assertThat(cluster.routes()).filteredOn(route -> !documented.contains(route)).extracting(Route::pattern)
            .as("besides the console").allMatch(pattern -> pattern.equals("/") || pattern.startsWith("/console"));
    }

    private static boolean matches(final String pattern, final String path) {
        return pattern.endsWith("/*") ? path.startsWith(pattern.substring(0, pattern.length() - 1)) : pattern.equals(path);
    }

    static Stream<Operation> everyOperation() {
        return operations().stream();
    }

    @ParameterizedTest
    @MethodSource("everyOperation")
    void aKeyIsAskedForWhereItSaysSo(final Operation operation) {
        final int status = anonymous(operation.method, operation.anyPath(), operation.method.equals("POST") ? "{}" : "").statusCode();
        if (operation.needsKey()) {
            assertThat(status).isEqualTo(401);
        } else {
            assertThat(status).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @MethodSource("everyOperation")
    void whatIsNotThereIsRefusedByTheHandlerAndNotByTheRouter(final Operation operation) {
        final HttpResponse<String> answer = cluster.send(cluster.request(operation.anyPath(), BatchCluster.KEY)
            .method(operation.method, HttpRequest.BodyPublishers.ofString(operation.method.equals("POST") ? "{}" : "")));
        assertThat(answer.statusCode()).isLessThan(500).isNotEqualTo(405);
        assertThat(answer.body()).doesNotContain("unknown_url");
        if (answer.statusCode() >= 400) {
            final boolean messages = operation.path.startsWith("/v1/messages");
            fits(messages ? "MessageError" : "Error", TestCluster.json(answer.body()));
            assertThat(operation.node.path("responses").has("4XX")).isTrue();
        }
    }

    private static void fits(final String schema, final JsonNode answer) {
        final ObjectNode root = TestCluster.JSON.createObjectNode().put("$ref", "#/components/schemas/" + schema);
        root.set("components", document.path("components"));
        final Set<ValidationMessage> wrong = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(root).validate(answer);
        assertThat(wrong).as(schema + ": " + answer).isEmpty();
    }

    @Test
    void itsSchemasRefuseWhatTheyDoNotDescribe() {
        assertThatThrownBy(() -> fits("Error", TestCluster.json("{\"error\":{\"message\":7}}"))).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> fits("ModelList", TestCluster.json("{\"object\":\"list\",\"data\":[{}]}"))).isInstanceOf(AssertionError.class);
    }

    private static void fitsContent(final HttpResponse<String> answer, final JsonNode response) {
        final String type = answer.headers().firstValue("content-type").orElse("").split(";")[0];
        assertThat(response.path("content").has(type)).as(type).isTrue();
        final String reference = response.path("content").path(type).path("schema").path("$ref").asText();
        final String schema = reference.substring(reference.lastIndexOf('/') + 1);
        if (type.equals("text/event-stream")) {
            final List<String> events = answer.body().lines().filter(line -> line.startsWith("data: "))
                .map(line -> line.substring("data: ".length())).filter(line -> !line.equals("[DONE]")).toList();
            assertThat(events).isNotEmpty().allSatisfy(event -> fits(schema, TestCluster.json(event)));
        } else if (!schema.isEmpty()) {
            fits(schema, TestCluster.json(answer.body()));
        }
        response.path("headers").fieldNames().forEachRemaining(name ->
            assertThat(document.path("components").path("headers").has(name)).isTrue());
    }

    /** An operation with one of its examples. */
    private record Example(Operation operation, String name, JsonNode value) {
        HttpResponse<String> send(final JsonNode body) {
            return cluster.post(operation.path, body.toString().replace("\"brook\"", "\"bytes\""));
        }

        @Override
        public String toString() {
            return operation + " " + name;
        }
    }

    static Stream<Example> examples() {
        return operations().stream().flatMap(operation -> operation.body().path("examples").properties().stream()
            .map(example -> new Example(operation, example.getKey(), example.getValue().path("value"))));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void anExampleFitsItsSchemaAndIsAnsweredAsTheDocumentSays(final Example example) {
        final String reference = example.operation.body().path("schema").path("$ref").asText();
        fits(reference.substring(reference.lastIndexOf('/') + 1), example.value);
        final HttpResponse<String> answer = example.send(example.value);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        fitsContent(answer, example.operation.node.path("responses").path("200"));
    }

    @Test
    void everyOperationWithABodyOfJsonHasAnExampleButForThoseThatNeedAFileOrAKey() {
        assertThat(operations()).filteredOn(operation -> !operation.body().isMissingNode())
            .filteredOn(operation -> operation.body().path("examples").isEmpty()).extracting(Operation::path).containsExactlyInAnyOrder("/v1/batches", "/v1/admin/keys/{key_id}/rotate");
    }

    static Stream<Operation> readings() {
        return operations().stream().filter(operation -> operation.method.equals("GET") && !operation.path.contains("{"));
    }

    @ParameterizedTest
    @MethodSource("readings")
    void whatIsReadHasTheShapeThatTheDocumentSays(final Operation operation) {
        final HttpResponse<String> answer = cluster.get(operation.path);
        assertThat(answer.statusCode()).isEqualTo(200);
        fitsContent(answer, operation.node.path("responses").path("200"));
    }

    @Test
    void filesBatchesResponsesAndRunsHaveTheirShapes() {
        final String file = cluster.file("batch", BatchCluster.inputs(2));
        fits("File", TestCluster.json(cluster.get("/v1/files/" + file).body()));
        fits("FileList", TestCluster.json(cluster.get("/v1/files").body()));
        final JsonNode batch = cluster.batch(file);
        fits("Batch", batch);
        fits("Batch", cluster.awaitStatus(batch.path("id").asText(), "completed"));
        fits("BatchList", TestCluster.json(cluster.get("/v1/batches").body()));
        final String response = TestCluster.json(cluster.post("/v1/responses", "{'model':'bytes','input':'a'}").body()).path("id").asText();
        fits("Response", TestCluster.json(cluster.get("/v1/responses/" + response).body()));
        fits("ItemList", TestCluster.json(cluster.get("/v1/responses/" + response + "/input_items").body()));
        fits("Deleted", TestCluster.json(cluster.send(cluster.request("/v1/responses/" + response, BatchCluster.KEY).DELETE()).body()));
        cluster.post("/v1/chat/completions", "{'model':'bytes','messages':[{'role':'user','content':'a'}],'metadata':{'run_id':'r-1'}}");
        fits("Run", TestCluster.json(cluster.get("/v1/runs/r-1").body()));
        fits("Model", TestCluster.json(cluster.get("/v1/models/bytes").body()));
        final String keys = "/v1/admin/keys";
        final JsonNode key = TestCluster.json(cluster.post(keys, "{'name':'a','scopes':['usage']}").body());
        final HttpResponse<String> rotated = cluster.post(keys + "/" + key.path("id").asText() + "/rotate", "{'grace_seconds':60}");
        fits("NewKey", TestCluster.json(rotated.body()));
        fits("Key", TestCluster.json(cluster.get(keys + "/" + key.path("id").asText()).body()));
        fits("Deleted", TestCluster.json(cluster.send(cluster.request(keys + "/" + key.path("id").asText(), BatchCluster.KEY).DELETE()).body()));
    }

    static Stream<Operation> takingJson() {
        return operations().stream().filter(operation -> !operation.body().path("examples").isEmpty() && operation.path.startsWith("/v1/"));
    }

    /** A field whose type nobody looks at is a field that nobody reads. */
    @ParameterizedTest
    @MethodSource("takingJson")
    void everyFieldThatItNamesIsRead(final Operation operation) {
        final JsonNode properties = document.at(operation.body().path("schema").path("$ref").asText().substring(1)).path("properties");
        final List<JsonNode> examples = operation.body().path("examples").properties().stream().map(Map.Entry::getValue)
            .map(example -> example.path("value")).toList();
        final Example base = new Example(operation, "", examples.getLast());
        final List<String> unread = new ArrayList<>();
        properties.properties().forEach(property -> {
            final ObjectNode body = base.value.deepCopy();
            if (property.getValue().path("type").asText().equals("boolean")) {
                body.put(property.getKey(), "no boolean");
            } else {
                body.put(property.getKey(), true);
            }
            final HttpResponse<String> answer = base.send(body);
            final JsonNode error = TestCluster.json(answer.body().startsWith("{") ? answer.body() : "{}").path("error");
            final boolean named = error.path("param").asText().startsWith(property.getKey())
                || error.path("message").asText().contains("'" + property.getKey());
            if (answer.statusCode() != 400 || !named) {
                unread.add(property.getKey() + ": " + answer.statusCode() + " " + error);
            }
        });
        assertThat(unread).allMatch(line -> OF_ANY_TYPE.contains(line.split(":")[0]));
    }
}
