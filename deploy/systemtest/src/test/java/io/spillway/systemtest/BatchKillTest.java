package io.spillway.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.core.MultipartField;
import com.openai.core.ObjectMappers;
import com.openai.core.http.HttpResponse;
import com.openai.errors.OpenAIException;
import com.openai.models.batches.Batch;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import io.spillway.bench.cluster.CommandLineCluster;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * Kill -9 of the leader in the middle of a batch, then of every process at once: after the restart the batch completes, and its files
 * hold every line exactly once, with the very tokens that an undisturbed request gets.
 */
class BatchKillTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LINES = 60;
    private static final int OUTPUT_TOKENS = 80;
    private static final String BAD_LINE = "bad";

    @Test
    void theLeaderDiesAndThenEverything() throws Exception {
        try (CommandLineCluster cluster = CommandLineCluster.start("--processes")) {
            final String leader = cluster.leader();
            final List<String> others = cluster.names("coordinator").stream().filter(name -> !name.equals(leader)).toList();
            final OpenAIClient other = cluster.openAiOf(others.getFirst());
            final String id = start(other);
            final long first = await(other, id, batch -> done(batch) >= 10);
            cluster.kill(leader);
            final long second = await(other, id, batch -> done(batch) >= first + 10);
            final List<String> everything = new ArrayList<>(others);
            everything.addAll(cluster.names("node"));
            everything.addAll(cluster.names("store"));
            everything.forEach(cluster::kill);
            cluster.names("store").forEach(name -> restart(cluster, name));
            cluster.names("coordinator").forEach(name -> restart(cluster, name));
            cluster.names("node").forEach(name -> restart(cluster, name));
            cluster.awaitServing("coordinator-1", cluster.names("node").size());
            final OpenAIClient again = cluster.openAiOf("coordinator-1");
            await(again, id, batch -> batch.status().equals(Batch.Status.COMPLETED));
            assertFiles(again, again.batches().retrieve(id).validate());
            System.out.println("batch of " + (LINES + 1) + " lines: leader killed after " + first + ", everything after " + second
                + " lines; every line once");
        }
    }

    private static void restart(final CommandLineCluster cluster, final String name) {
        try {
            cluster.restart(name);
        } catch (final java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String start(final OpenAIClient client) {
        final StringBuilder lines = new StringBuilder();
        for (int i = 0; i < LINES; i++) {
            lines.append("{\"custom_id\":\"line-").append(i).append("\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":")
                .append("{\"model\":\"brook\",\"temperature\":1,\"seed\":").append(i).append(",\"max_tokens\":").append(OUTPUT_TOKENS)
                .append(",\"logit_bias\":{\"2021\":-100,\"2023\":-100},\"messages\":[{\"role\":\"user\",\"content\":\"").append(question(i))
                .append("\"}]}}\n");
        }
        lines.append("{\"custom_id\":\"").append(BAD_LINE).append("\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":"
            + "{\"model\":\"brook\",\"messages\":[]}}\n");
        final String file = client.files().create(FileCreateParams.builder().purpose(FilePurpose.BATCH)
            .file(MultipartField.<InputStream>builder().value(
                new ByteArrayInputStream(lines.toString().getBytes(StandardCharsets.UTF_8))).filename("lines.jsonl").build()).build()).id();
        return client.batches().create(BatchCreateParams.builder().inputFileId(file)
            .endpoint(BatchCreateParams.Endpoint.V1_CHAT_COMPLETIONS)
            .completionWindow(BatchCreateParams.CompletionWindow._24H).build()).id();
    }

    private static String question(final int line) {
        return "Tell me everything about request " + line + ".";
    }

    private static long done(final Batch batch) {
        return batch.requestCounts().map(counts -> counts.completed() + counts.failed()).orElse(0L);
    }

    /** @return lines done by then */
    private static long await(final OpenAIClient client, final String id, final Predicate<Batch> expected) {
        final long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(4);
        while (true) {
            try {
                final Batch batch = client.batches().retrieve(id);
                if (expected.test(batch)) {
                    return done(batch);
                }
                assertThat(System.nanoTime() - deadline).as("in time; last seen: " + batch).isNegative();
            } catch (final OpenAIException e) {
                assertThat(System.nanoTime() - deadline).as("answered in time; last: " + e).isNegative();
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    private static void assertFiles(final OpenAIClient client, final Batch batch) throws Exception {
        OpenAiSchemas.check("Batch", ObjectMappers.jsonMapper().valueToTree(batch));
        final List<JsonNode> output = lines(client, batch.outputFileId().orElseThrow());
        final List<JsonNode> errors = lines(client, batch.errorFileId().orElseThrow());
        final Set<String> ids = new TreeSet<>();
        for (final JsonNode line : output) {
            assertThat(ids.add(line.path("custom_id").asText())).as("once: " + line).isTrue();
            OpenAiSchemas.check("CreateChatCompletionResponse", line.path("response").path("body"));
            assertThat(line.at("/response/body/usage/completion_tokens").asInt()).isEqualTo(OUTPUT_TOKENS);
        }
        assertThat(ids).hasSize(LINES);
        assertThat(errors).hasSize(1);
        assertThat(errors.getFirst().path("custom_id").asText()).isEqualTo(BAD_LINE);
        assertThat(batch.requestCounts().orElseThrow().completed()).isEqualTo(LINES);
        for (final int line : new int[] {0, LINES / 2, LINES - 1}) {
            assertThat(output.get(line).at("/response/body/choices/0/message/content").asText()).isEqualTo(direct(client, line));
        }
    }

    private static String direct(final OpenAIClient client, final int line) {
        final ChatCompletion answer = client.chat().completions().create(ChatCompletionCreateParams.builder().model("brook")
            .temperature(1.0).seed(line).maxTokens(OUTPUT_TOKENS).addUserMessage(question(line))
            .logitBias(ChatCompletionCreateParams.LogitBias.builder().putAdditionalProperty("2021", JsonValue.from(-100))
                .putAdditionalProperty("2023", JsonValue.from(-100)).build()).build());
        return answer.choices().getFirst().message().content().orElseThrow();
    }

    private static List<JsonNode> lines(final OpenAIClient client, final String file) throws Exception {
        try (HttpResponse content = client.files().content(file)) {
            final List<JsonNode> lines = new ArrayList<>();
            for (final String line : new String(content.body().readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                lines.add(JSON.readTree(line));
            }
            return lines;
        }
    }
}
