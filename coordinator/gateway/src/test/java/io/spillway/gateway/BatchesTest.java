package io.spillway.gateway;

import static io.spillway.gateway.BatchCluster.input;
import static io.spillway.gateway.BatchCluster.inputs;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.core.MultipartField;
import com.openai.models.batches.Batch;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import io.spillway.coordinator.batch.BatchChange;
import io.spillway.coordinator.state.ClusterView.RunKey;
import io.spillway.coordinator.state.Command;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchesTest {
    @TempDir
    private Path directory;
    private BatchCluster cluster;

    @BeforeEach
    void start() {
        cluster = new BatchCluster(directory);
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private static List<String> ids(final List<JsonNode> lines) {
        return lines.stream().map(line -> line.path("custom_id").asText()).toList();
    }

    private static List<String> names(final int count) {
        return IntStream.range(0, count).mapToObj(i -> "c" + i).toList();
    }

    private static void refused(final HttpResponse<String> answer, final int status, final String param) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(TestCluster.json(answer.body()).path("error").path("param").asText("null")).as(answer.body()).isEqualTo(param);
    }

    @Test
    void theOfficialClientRunsABatch() throws Exception {
        final OpenAIClient client = cluster.client(BatchCluster.KEY);
        final String file = client.files().create(FileCreateParams.builder().purpose(FilePurpose.BATCH)
            .file(MultipartField.<InputStream>builder().value(new ByteArrayInputStream(inputs(20).getBytes(StandardCharsets.UTF_8)))
                .filename("in.jsonl").build()).build()).id();
        Batch batch = client.batches().create(BatchCreateParams.builder().inputFileId(file)
            .endpoint(BatchCreateParams.Endpoint.V1_CHAT_COMPLETIONS)
            .completionWindow(BatchCreateParams.CompletionWindow._24H).build());
        assertThat(batch.validate().status()).isEqualTo(Batch.Status.VALIDATING);
        final long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!batch.status().equals(Batch.Status.COMPLETED) && System.nanoTime() - until < 0) {
            batch = client.batches().retrieve(batch.id()).validate();
        }
        assertThat(batch.requestCounts().orElseThrow().completed()).isEqualTo(20);
        assertThat(batch.model()).hasValue("bytes");
        assertThat(batch.usage().orElseThrow().outputTokens()).isEqualTo(20 * 5);
        assertThat(client.batches().list().data()).extracting(Batch::id).containsExactly(batch.id());
        try (var content = client.files().content(batch.outputFileId().orElseThrow())) {
            final List<JsonNode> lines = new String(content.body().readAllBytes(), StandardCharsets.UTF_8).lines()
                .map(TestCluster::json).toList();
            assertThat(ids(lines)).isEqualTo(names(20));
        }
    }

    @Test
    void answersAndErrorsAreSortedIntoTwoFilesThatKeepToTheSchemas() {
        final String good = input("good", "hello");
        final String hot = input("hot", "x").replace("\"messages\"", "\"temperature\":\"hot\",\"messages\"");
        final String streamed = input("streamed", "x").replace("\"messages\"", "\"stream\":true,\"messages\"");
        final String id = cluster.batch(cluster.file("batch", good + hot + "\r\n\n" + streamed + input("last", "y").strip())).path("id").asText();
        final JsonNode batch = cluster.awaitStatus(id, "completed");
        OpenAiSchemas.check("Batch", batch);
        assertThat(batch.path("request_counts").toString()).isEqualTo("{\"total\":4,\"completed\":2,\"failed\":2}");
        assertThat(batch.path("metadata").path("team").asText()).isEqualTo("x");
        for (final String time : List.of("created_at", "in_progress_at", "expires_at", "finalizing_at", "completed_at")) {
            assertThat(batch.path(time).asLong()).as(time).isPositive();
        }
        final List<JsonNode> output = cluster.lines(batch.path("output_file_id"));
        assertThat(ids(output)).containsExactly("good", "last");
        for (final JsonNode line : output) {
            assertThat(line.path("id").asText()).startsWith("batch_req_");
            assertThat(line.path("error").isNull()).isTrue();
            assertThat(line.path("response").path("status_code").asInt()).isEqualTo(200);
            assertThat(line.path("response").path("request_id").asText()).startsWith("req_");
            OpenAiSchemas.check("CreateChatCompletionResponse", line.path("response").path("body"));
        }
        final List<JsonNode> errors = cluster.lines(batch.path("error_file_id"));
        assertThat(ids(errors)).containsExactly("hot", "streamed");
        assertThat(errors).allSatisfy(line -> assertThat(line.path("response").path("status_code").asInt()).isEqualTo(400));
        assertThat(errors.getFirst().path("response").path("body").path("error").path("param").asText()).isEqualTo("temperature");
        OpenAiSchemas.check("OpenAIFile", TestCluster.json(cluster.get("/v1/files/" + batch.path("output_file_id").asText()).body()));
    }

    @Test
    void linesRunFromIdleCapacityAndPayTheBatchPriceOnce() {
        final String id = cluster.batch(cluster.file("batch", inputs(10))).path("id").asText();
        cluster.awaitStatus(id, "completed");
        assertThat(cluster.line.requests).hasSize(10).allSatisfy(request -> {
            assertThat(request.isIdle()).isTrue();
            assertThat(request.tenant()).isEqualTo(BatchCluster.TENANT);
        });
        final var charged = cluster.log.view().usage().get(BatchCluster.TENANT);
        assertThat(charged.requests()).isEqualTo(10);
        assertThat(charged.outputTokens()).isEqualTo(10 * 5);
        assertThat(charged.costNanoDollars()).as("10 lines of 5 tokens at 10 nano dollars").isEqualTo(500);
        assertThat(cluster.log.view().runs().get(new RunKey(BatchCluster.TENANT, id))).isEqualTo(charged);
        final HttpResponse<String> direct = cluster.post("/v1/chat/completions",
            "{'model':'bytes','messages':[{'role':'user','content':'x'}],'priority':-101}");
        refused(direct, 400, "priority");
    }

    @Test
    void badInputsFailWithTheNumbersOfTheirLines() {
        final String bad = input("a", "x") + "\n" + "not json\n" + input("a", "y") + input("c", "z").replace("POST", "GET")
            + input("d", "z").replace("/v1/chat/completions", "/v1/embeddings") + input("e", "z").replace("\"bytes\"", "\"gpt-9\"")
            + "{\"custom_id\":\"f\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\"}\n"
            + "{\"custom_id\":7}\n" + input("g", "x".repeat(70_000));
        final JsonNode batch = cluster.awaitStatus(cluster.batch(cluster.file("batch", bad)).path("id").asText(), "failed");
        OpenAiSchemas.check("Batch", batch);
        final List<String> problems = new ArrayList<>();
        batch.path("errors").path("data").forEach(problem -> problems.add(problem.path("line").asInt() + " " + problem.path("code").asText()));
        assertThat(problems).containsExactly("3 invalid_json_line", "4 duplicate_custom_id", "5 invalid_method", "6 invalid_url",
            "7 model_not_found", "8 missing_required_parameter", "9 invalid_type", "10 line_too_long");
        assertThat(batch.has("output_file_id")).isFalse();
        assertThat(cluster.line.requests).isEmpty();
        final JsonNode empty = cluster.awaitStatus(cluster.batch(cluster.file("batch", "\n \r\n")).path("id").asText(), "failed");
        assertThat(empty.path("errors").path("data").get(0).path("code").asText()).isEqualTo("empty_file");
        final JsonNode many = cluster.awaitStatus(cluster.batch(cluster.file("batch", inputs(501))).path("id").asText(), "failed");
        assertThat(many.path("errors").path("data").get(0).path("code").asText()).isEqualTo("too_many_requests");
    }

    @Test
    void badRequestsAreRefusedByName() {
        final String file = cluster.file("batch", inputs(1));
        final String other = cluster.file("user_data", inputs(1));
        final String body = "{'input_file_id':'" + file + "','endpoint':'/v1/chat/completions','completion_window':'24h'}";
        refused(cluster.post("/v1/batches", body.replace("24h", "1h")), 400, "completion_window");
        refused(cluster.post("/v1/batches", body.replace("/v1/chat/completions", "/v1/files")), 400, "endpoint");
        refused(cluster.post("/v1/batches", body.replace(file, "file-none")), 400, "input_file_id");
        refused(cluster.post("/v1/batches", body.replace(file, "../../x")), 400, "input_file_id");
        refused(cluster.post("/v1/batches", body.replace(file, other)), 400, "input_file_id");
        refused(cluster.post("/v1/batches", body.replace("'24h'", "24")), 400, "completion_window");
        refused(cluster.post("/v1/batches", body.replace("'24h'}", "'24h','metadata':{'k':'" + "v".repeat(600) + "'}}")), 400, "metadata");
        refused(cluster.post("/v1/batches", body.replace("'24h'}", "'24h','output_expires_after':{'anchor':'created_at','seconds':1}}")),
            400, "output_expires_after.seconds");
        refused(cluster.post("/v1/batches", "{}"), 400, "input_file_id");
        refused(cluster.get("/v1/batches/batch_none"), 404, "id");
        refused(cluster.post("/v1/batches/batch_none/cancel", ""), 404, "id");
        refused(cluster.post("/v1/batches/batch_none/restart", ""), 404, "null");
        refused(cluster.get("/v1/batches?limit=101"), 400, "limit");
        final HttpResponse<String> rivals = cluster.send(cluster.request("/v1/batches", BatchCluster.RIVAL_KEY)
            .POST(java.net.http.HttpRequest.BodyPublishers.ofString(body.replace('\'', '"'))));
        refused(rivals, 400, "input_file_id");
    }

    @Test
    void aCancelledBatchKeepsWhatItHasAndAccountsForTheRest() {
        final AtomicInteger asked = new AtomicInteger();
        cluster.line.script = request -> asked.incrementAndGet() <= 5 ? Script.of("hello") : Script.of("").hanging();
        final String id = cluster.batch(cluster.file("batch", inputs(30))).path("id").asText();
        cluster.await(id, batch -> batch.path("request_counts").path("completed").asInt() == 5);
        final JsonNode cancelling = TestCluster.json(cluster.post("/v1/batches/" + id + "/cancel", "").body());
        assertThat(cancelling.path("status").asText()).isEqualTo("cancelling");
        final JsonNode batch = cluster.awaitStatus(id, "cancelled");
        OpenAiSchemas.check("Batch", batch);
        assertThat(batch.path("cancelled_at").asLong()).isPositive();
        assertThat(batch.path("request_counts").toString()).isEqualTo("{\"total\":30,\"completed\":5,\"failed\":25}");
        final List<JsonNode> errors = cluster.lines(batch.path("error_file_id"));
        assertThat(errors).hasSize(25).allSatisfy(line -> {
            assertThat(line.path("response").isNull()).isTrue();
            assertThat(line.path("error").path("code").asText()).isEqualTo("batch_cancelled");
        });
        assertThat(cluster.lines(batch.path("output_file_id"))).hasSize(5);
        refused(cluster.send(cluster.request("/v1/batches/" + id + "/cancel", BatchCluster.RIVAL_KEY)
            .POST(java.net.http.HttpRequest.BodyPublishers.noBody())), 404, "id");
        assertThat(cluster.post("/v1/batches/" + id + "/cancel", "").statusCode()).as("once more is no error").isEqualTo(200);
        cluster.line.play("hello");
        final String done = cluster.batch(cluster.file("batch", inputs(1))).path("id").asText();
        cluster.awaitStatus(done, "completed");
        final HttpResponse<String> tooLate = cluster.post("/v1/batches/" + done + "/cancel", "");
        refused(tooLate, 409, "null");
        assertThat(tooLate.headers().firstValue("x-should-retry")).hasValue("false");
    }

    @Test
    void anExpiredBatchKeepsWhatItHas() {
        final AtomicInteger asked = new AtomicInteger();
        cluster.line.script = request -> asked.incrementAndGet() <= 3 ? Script.of("hello") : Script.of("").hanging();
        final String id = cluster.batch(cluster.file("batch", inputs(12))).path("id").asText();
        cluster.await(id, batch -> batch.path("request_counts").path("completed").asInt() == 3);
        cluster.aheadMillis.addAndGet(TimeUnit.HOURS.toMillis(24));
        final JsonNode batch = cluster.awaitStatus(id, "expired");
        OpenAiSchemas.check("Batch", batch);
        assertThat(cluster.lines(batch.path("output_file_id"))).hasSize(3);
        assertThat(cluster.lines(batch.path("error_file_id"))).hasSize(9)
            .allSatisfy(line -> assertThat(line.path("error").path("code").asText()).isEqualTo("batch_expired"));
    }

    @Test
    void linesThatFindNoCapacityAreAskedAgainAndThoseThatFailAFewTimes() {
        final AtomicInteger asked = new AtomicInteger();
        cluster.line.script = request -> asked.incrementAndGet() % 3 == 0 ? Script.of("hello")
            : Script.of("").failing(asked.get() % 2 == 0 ? ErrorCode.OVERLOADED : ErrorCode.NODE_LOST);
        final JsonNode batch = cluster.awaitStatus(cluster.batch(cluster.file("batch", inputs(10))).path("id").asText(), "completed");
        assertThat(batch.path("request_counts").path("completed").asInt()).isEqualTo(10);
        cluster.line.script = request -> Script.of("").failing(ErrorCode.INTERNAL);
        cluster.line.requests.clear();
        final JsonNode failed = cluster.awaitStatus(cluster.batch(cluster.file("batch", inputs(1))).path("id").asText(), "completed");
        assertThat(cluster.lines(failed.path("error_file_id")).getFirst().path("response").path("status_code").asInt()).isEqualTo(500);
        assertThat(cluster.line.requests).hasSize(3);
    }

    /** The next so many requests are answered, the ones after them never. */
    private void answerOnly(final int count) {
        final AtomicInteger asked = new AtomicInteger();
        cluster.line.script = request -> asked.incrementAndGet() <= count ? Script.of("hello") : Script.of("").hanging();
    }

    /** The process ends in the middle, twice, its last write torn: the next one goes on, and no line is there twice or missing. */
    @Test
    void aBatchGoesOnAfterRestartsEvenWhenItsInputIsDeleted() throws Exception {
        answerOnly(10);
        final String file = cluster.file("batch", inputs(60));
        final String id = cluster.batch(file).path("id").asText();
        assertThat(cluster.send(cluster.request("/v1/files/" + file, BatchCluster.KEY).DELETE()).statusCode()).isEqualTo(200);
        for (final int enough : List.of(10, 35)) {
            cluster.await(id, batch -> batch.path("request_counts").path("completed").asInt() >= enough);
            cluster.stop();
            try (Stream<Path> segments = Files.list(directory.resolve("batches").resolve(id))) {
                for (final Path segment : segments.filter(path -> path.toString().endsWith(".segment")).toList()) {
                    Files.write(segment, new byte[] {0, 0, 1, 0, 42, 42}, java.nio.file.StandardOpenOption.APPEND);
                }
            }
            answerOnly(25);
            cluster.start(directory);
        }
        final JsonNode batch = cluster.awaitStatus(id, "completed");
        assertThat(ids(cluster.lines(batch.path("output_file_id")))).isEqualTo(names(60));
        assertThat(cluster.log.view().usage().get(BatchCluster.TENANT).requests()).as("each paid once").isEqualTo(60);
        cluster.await(id, ended -> !Files.exists(directory.resolve("batches").resolve(id))); // cleared away just after the end is told
    }

    @Test
    void whoDoesNotLeadLeavesBatchesAlone() {
        cluster.log.leading = false;
        final String id = cluster.batch(cluster.file("batch", inputs(3))).path("id").asText();
        assertThat(cluster.batchNow(id).path("status").asText()).isEqualTo("validating");
        assertThat(cluster.log.view().batches().firstEntry().getValue().work().epoch()).isZero();
        cluster.log.leading = true;
        cluster.awaitStatus(id, "completed");
    }

    @Test
    void anAnswerOfTheLogThatIsLostChangesNothing() {
        final AtomicInteger commands = new AtomicInteger();
        cluster.log.unanswered = command -> commands.incrementAndGet() % 2 == 0;
        final String file = cluster.file("batch", inputs(20));
        HttpResponse<String> created = cluster.post("/v1/batches",
            "{'input_file_id':'" + file + "','endpoint':'/v1/chat/completions','completion_window':'24h'}");
        while (created.statusCode() == 503) {
            created = cluster.post("/v1/batches",
                "{'input_file_id':'" + file + "','endpoint':'/v1/chat/completions','completion_window':'24h'}");
        }
        final JsonNode batch = cluster.awaitStatus(TestCluster.json(created.body()).path("id").asText(), "completed");
        assertThat(ids(cluster.lines(batch.path("output_file_id")))).isEqualTo(names(20));
    }

    private HttpResponse<String> create(final String file, final String... headers) {
        final java.net.http.HttpRequest.Builder request = cluster.request("/v1/batches", BatchCluster.KEY);
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return cluster.send(request.POST(java.net.http.HttpRequest.BodyPublishers.ofString(("{'input_file_id':'" + file
            + "','endpoint':'/v1/chat/completions','completion_window':'24h'}").replace('\'', '"'))));
    }

    @Test
    void aBatchThatMayHaveBeenMadeIsNamedAndNotAskedForAgain() {
        final String file = cluster.file("batch", inputs(1));
        cluster.log.unanswered = command -> command instanceof Command.ChangeBatch(BatchChange.Create _, List<Command.UsageEntry> _);
        final HttpResponse<String> lost = create(file);
        assertThat(lost.statusCode()).isEqualTo(503);
        assertThat(lost.headers().firstValue("x-should-retry")).hasValue("false");
        final String message = TestCluster.json(lost.body()).path("error").path("message").asText();
        final String id = message.replaceAll(".*/v1/batches/(batch_\\w+) .*", "$1");
        assertThat(cluster.awaitStatus(id, "completed").path("input_file_id").asText()).isEqualTo(file);
    }

    @Test
    void theSameKeyMakesOneBatchHoweverOftenItIsSent() {
        final String file = cluster.file("batch", inputs(1));
        cluster.log.unanswered = command -> command instanceof Command.ChangeBatch(BatchChange.Create _, List<Command.UsageEntry> _);
        final HttpResponse<String> lost = create(file, "idempotency-key", "k1");
        assertThat(lost.statusCode()).isEqualTo(503);
        assertThat(lost.headers().firstValue("x-should-retry")).hasValue("true");
        final HttpResponse<String> again = create(file, "idempotency-key", "k1");
        assertThat(again.statusCode()).as(again.body()).isEqualTo(200);
        cluster.log.unanswered = command -> false;
        final String id = TestCluster.json(again.body()).path("id").asText();
        assertThat(TestCluster.json(create(file, "idempotency-key", "k1").body()).path("id").asText()).isEqualTo(id);
        assertThat(TestCluster.json(create(file, "idempotency-key", "k2").body()).path("id").asText()).isNotEqualTo(id);
        assertThat(TestCluster.json(cluster.get("/v1/batches").body()).path("data")).hasSize(2);
    }

    @Test
    void responsesTakeBatchesToo() {
        final String lines = ("{'custom_id':'c0','method':'POST','url':'/v1/responses','body':{'model':'bytes','input':'hi'}}\n"
            + "{'custom_id':'c1','method':'POST','url':'/v1/responses','body':{'model':'bytes','input':'hi','background':true}}\n")
            .replace('\'', '"');
        final HttpResponse<String> created = cluster.post("/v1/batches", "{'input_file_id':'" + cluster.file("batch", lines)
            + "','endpoint':'/v1/responses','completion_window':'24h'}");
        final JsonNode batch = cluster.awaitStatus(TestCluster.json(created.body()).path("id").asText(), "completed");
        final JsonNode answer = cluster.lines(batch.path("output_file_id")).getFirst().path("response").path("body");
        OpenAiSchemas.check("Response", answer);
        assertThat(batch.path("usage").path("output_tokens").asInt()).isEqualTo(5);
        assertThat(cluster.lines(batch.path("error_file_id")).getFirst().path("response").path("body").path("error").path("param").asText())
            .isEqualTo("background");
        assertThat(cluster.line.requests).allMatch(GenerationRequest::isIdle);
        assertThat(cluster.log.view().usage().get(BatchCluster.TENANT).costNanoDollars()).isEqualTo(50);
    }

    @Test
    void completionsAndEmbeddingsTakeBatchesToo() {
        final String line = "{'custom_id':'c0','method':'POST','url':'/v1/embeddings','body':{'model':'bytes','input':'hi'}}".replace('\'', '"');
        final HttpResponse<String> created = cluster.post("/v1/batches", "{'input_file_id':'" + cluster.file("batch", line)
            + "','endpoint':'/v1/embeddings','completion_window':'24h'}");
        final JsonNode batch = cluster.awaitStatus(TestCluster.json(created.body()).path("id").asText(), "completed");
        final JsonNode answer = cluster.lines(batch.path("output_file_id")).getFirst().path("response").path("body");
        assertThat(answer.path("data").get(0).path("embedding")).hasSize(3);
        assertThat(batch.path("usage").path("input_tokens").asInt()).isEqualTo(2);
        assertThat(cluster.line.requests).allMatch(GenerationRequest::isIdle);
    }
}
