package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.core.MultipartField;
import com.openai.errors.NotFoundException;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import io.spillway.domain.error.SpillwayException;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilesTest {
    @TempDir
    private Path directory;
    private BatchCluster cluster;

    @BeforeEach
    void start() {
        cluster = new BatchCluster(directory);
    }

    @AfterEach
    void stop() throws Exception {
        cluster.assertNothingIsLeftInUploads();
        cluster.close();
    }

    private static JsonNode json(final HttpResponse<String> answer, final String schema) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        final JsonNode json = TestCluster.json(answer.body());
        OpenAiSchemas.check(schema, json);
        return json;
    }

    private static void refused(final HttpResponse<String> answer, final int status, final String param) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        final JsonNode error = TestCluster.json(answer.body()).path("error");
        assertThat(error.path("param").asText("null")).as(answer.body()).isEqualTo(param);
    }

    @Test
    void theOfficialClientUploadsListsReadsAndDeletes() throws Exception {
        final OpenAIClient client = cluster.client(BatchCluster.KEY);
        final byte[] content = new byte[300_000];
        new java.util.Random(1).nextBytes(content);
        final FileObject file = client.files().create(FileCreateParams.builder().purpose(FilePurpose.USER_DATA)
            .file(MultipartField.<InputStream>builder().value(new ByteArrayInputStream(content)).filename("daß.bin").build()).build());
        file.validate();
        assertThat(file.bytes()).isEqualTo(content.length);
        assertThat(file.filename()).isEqualTo("daß.bin");
        assertThat(client.files().retrieve(file.id())).isEqualTo(file);
        try (var answer = client.files().content(file.id())) {
            assertThat(answer.body().readAllBytes()).isEqualTo(content);
        }
        assertThat(client.files().list().data()).containsExactly(file);
        assertThat(client.files().delete(file.id()).validate().deleted()).isTrue();
        assertThat(client.files().list().data()).isEmpty();
        assertThatThrownBy(() -> client.files().retrieve(file.id())).isInstanceOf(NotFoundException.class);
        assertThatThrownBy(() -> client.files().delete(file.id())).isInstanceOf(NotFoundException.class);
    }

    @Test
    void answersKeepToTheSchemasAndListsHavePages() {
        final String first = cluster.file("user_data", "1");
        final String second = cluster.file("batch", "22");
        final String third = cluster.file("user_data", "333");
        json(cluster.get("/v1/files/" + first), "OpenAIFile");
        JsonNode page = json(cluster.get("/v1/files?order=asc&limit=2"), "ListFilesResponse");
        assertThat(page.path("data")).extracting(file -> file.path("id").asText()).containsExactlyInAnyOrder(
            page.path("first_id").asText(), page.path("last_id").asText());
        assertThat(page.path("has_more").asBoolean()).isTrue();
        page = json(cluster.get("/v1/files?order=asc&limit=2&after=" + page.path("last_id").asText()), "ListFilesResponse");
        assertThat(page.path("data")).hasSize(1);
        assertThat(page.path("has_more").asBoolean()).isFalse();
        assertThat(json(cluster.get("/v1/files?purpose=batch"), "ListFilesResponse").path("data"))
            .extracting(file -> file.path("id").asText()).containsExactly(second);
        assertThat(json(cluster.get("/v1/files"), "ListFilesResponse").path("data"))
            .extracting(file -> file.path("id").asText()).containsExactlyInAnyOrder(third, second, first);
        json(cluster.send(cluster.request("/v1/files/" + third, BatchCluster.KEY).DELETE()), "DeleteFileResponse");
        refused(cluster.get("/v1/files?limit=0"), 400, "limit");
        refused(cluster.get("/v1/files?limit=x"), 400, "limit");
        refused(cluster.get("/v1/files?order=up"), 400, "order");
        refused(cluster.get("/v1/files?after=file-none"), 400, "after");
    }

    @Test
    void nobodySeesAnothersFiles() {
        final String mine = cluster.file("user_data", "secret");
        for (final String path : List.of("/v1/files/" + mine, "/v1/files/" + mine + "/content")) {
            refused(cluster.send(cluster.request(path, BatchCluster.RIVAL_KEY).GET()), 404, "id");
        }
        refused(cluster.send(cluster.request("/v1/files/" + mine, BatchCluster.RIVAL_KEY).DELETE()), 404, "id");
        assertThat(json(cluster.send(cluster.request("/v1/files", BatchCluster.RIVAL_KEY).GET()), "ListFilesResponse").path("data"))
            .isEmpty();
        for (final String id : List.of("file-..%2f..%2fdirectory-mark", "..", "file-../../directory-mark", "file-%00", "x")) {
            refused(cluster.get("/v1/files/" + id), 404, "id");
        }
    }

    @Test
    void badUploadsAreRefusedByName() {
        final String file = "name=\"file\"; filename=\"a\"";
        refused(cluster.upload(BatchCluster.KEY, file, "x"), 400, "purpose");
        refused(cluster.upload(BatchCluster.KEY, "name=\"purpose\"", "batch"), 400, "file");
        refused(cluster.upload(BatchCluster.KEY, "name=\"purpose\"", "batch", "name=\"file\"", "x"), 400, "file");
        refused(cluster.upload(BatchCluster.KEY, "name=\"purpose\"", "batch_output", file, "x"), 400, "purpose");
        refused(cluster.upload(BatchCluster.KEY, "name=\"purpose\"", "batch", file, ""), 400, "file");
        refused(cluster.upload(BatchCluster.KEY, "name=\"purpose\"", "p".repeat(10_000), file, "x"), 400, "purpose");
        refused(cluster.post("/v1/files", "{'purpose':'batch'}"), 400, "null");
        refused(cluster.upload("sk-wrong", "name=\"purpose\"", "batch", file, "x"), 401, "null");
        refused(cluster.upload(BatchCluster.KEY, "name=\"purpose\"", "batch", file, "x".repeat(3 << 20)), 413, "null");
        refused(cluster.upload(BatchCluster.KEY, "name=\"purpose\"", "batch", file, "x", "name=\"expires_after[anchor]\"", "created_at",
            "name=\"expires_after[seconds]\"", "5"), 400, "expires_after.seconds");
        refused(cluster.upload(BatchCluster.KEY, "name=\"purpose\"", "batch", file, "x", "name=\"expires_after[anchor]\"", "never",
            "name=\"expires_after[seconds]\"", "5000"), 400, "expires_after.anchor");
    }

    @Test
    void aStrangersUploadIsRefusedBeforeItsBodyIsRead() throws Exception {
        try (RawHttp raw = new RawHttp(cluster.port())) {
            raw.send("POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer nobody\r\nexpect: 100-continue\r\n"
                + "content-type: multipart/form-data; boundary=a\r\ncontent-length: 500000\r\n\r\n");
            assertThat(raw.answer().status()).isEqualTo(401);
        }
    }

    @Test
    void filesGoWhenTheirTimeIsOver() throws Exception {
        final HttpResponse<String> answer = cluster.upload(BatchCluster.KEY, "name=\"purpose\"", "user_data", "name=\"file\"; filename=\"a\"",
            "x", "name=\"expires_after\"", "{\"anchor\":\"created_at\",\"seconds\":3600}");
        final JsonNode file = json(answer, "OpenAIFile");
        assertThat(file.path("expires_at").asLong()).isEqualTo(file.path("created_at").asLong() + 3600);
        cluster.aheadMillis.addAndGet(3_599_000);
        json(cluster.get("/v1/files/" + file.path("id").asText()), "OpenAIFile");
        cluster.aheadMillis.addAndGet(1_001);
        refused(cluster.get("/v1/files/" + file.path("id").asText()), 404, "id");
        assertThat(TestCluster.json(cluster.get("/v1/files").body()).path("data")).isEmpty();
    }

    @Test
    void aTenantMayKeepOnlySoMuch() {
        for (int i = 0; i < 4; i++) {
            cluster.file("user_data", "x".repeat(1 << 20));
        }
        refused(cluster.upload(BatchCluster.KEY, "name=\"purpose\"", "user_data", "name=\"file\"; filename=\"a\"", "x"), 429, "null");
        assertThat(cluster.send(cluster.request("/v1/files", BatchCluster.RIVAL_KEY).GET()).statusCode()).isEqualTo(200);
    }

    @Test
    void filesOutliveTheProcessAndAHalfWrittenOneIsNotThere() throws Exception {
        final String id = cluster.file("user_data", "kept");
        cluster.stop();
        try (var homes = Files.list(directory.resolve("tenants"))) {
            Files.writeString(homes.findFirst().orElseThrow().resolve("file-half.content"), "no description: never finished");
        }
        cluster.start(directory);
        assertThat(cluster.get("/v1/files/" + id + "/content").body()).isEqualTo("kept");
        assertThat(TestCluster.json(cluster.get("/v1/files").body()).path("data")).hasSize(1);
    }

    @Test
    void aReplicaWithAnotherDirectoryDoesNotServe(@TempDir final Path elsewhere) {
        cluster.file("user_data", "kept");
        cluster.stop();
        assertThatThrownBy(() -> cluster.start(elsewhere)).isInstanceOf(SpillwayException.class)
            .hasMessageContaining("must share one directory");
        cluster.start(directory);
    }

    @Test
    void contentOfAnySizeIsStreamedAndHeadHasNone() throws Exception {
        final String content = "0123456789abcdef".repeat(60_000);
        final String id = cluster.file("user_data", content);
        assertThat(cluster.get("/v1/files/" + id + "/content").body()).isEqualTo(content);
        final HttpResponse<String> head = cluster.send(cluster.request("/v1/files/" + id + "/content", BatchCluster.KEY)
            .method("HEAD", HttpRequest.BodyPublishers.noBody()));
        assertThat(head.headers().firstValue("content-length")).hasValue(Integer.toString(content.getBytes(StandardCharsets.UTF_8).length));
        assertThat(cluster.get("/v1/files").statusCode()).isEqualTo(200);
    }
}
