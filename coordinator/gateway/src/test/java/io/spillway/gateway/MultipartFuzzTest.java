package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many forms with bytes changed, cut, doubled and swapped: none gets a 5xx, none hangs, nothing is left behind. */
class MultipartFuzzTest {
    /** {@code -Dspillway.fuzz=100000} for the long run. */
    private static final int FORMS = Integer.getInteger("spillway.fuzz", 800);
    private static final List<String> BAIT = List.of("\r\n--x-y-z", "--", "\r\n\r\n", "Content-Disposition: form-data; name=\"file\"",
        "; filename*=UTF-8''%e2%82%ac", "Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n", "filename=\"../../etc/passwd\"", "\0",
        "Content-Length: -1\r\n", "Content-Transfer-Encoding: quoted-printable\r\n", "charset=nonsense", "\"", ";", "=", "\n", "\r");

    @TempDir
    private Path directory;

    @Test
    void anyFormIsTakenOrRefused() throws Exception {
        final Random random = new Random(20_260);
        int taken = 0;
        try (BatchCluster cluster = new BatchCluster(directory)) {
            for (int i = 0; i < FORMS; i++) {
                final byte[] body = form(random);
                final HttpResponse<String> answer = cluster.send(cluster.request("/v1/files", BatchCluster.KEY)
                    .header("content-type", type(random)).POST(HttpRequest.BodyPublishers.ofByteArray(body)));
                assertThat(answer.statusCode()).as(() -> answer.body() + "\n" + new String(body, StandardCharsets.ISO_8859_1))
                    .isIn(200, 400, 413, 429);
                taken += answer.statusCode() == 200 ? 1 : 0;
                if (answer.statusCode() == 200) {
                    final String id = TestCluster.json(answer.body()).path("id").asText();
                    assertThat(cluster.send(cluster.request("/v1/files/" + id, BatchCluster.KEY).DELETE()).statusCode()).isEqualTo(200);
                }
            }
            assertThat(taken).as("some forms are still good").isBetween(FORMS / 100, FORMS * 9 / 10);
            cluster.assertNothingIsLeftInUploads();
        }
        System.out.println("multipart fuzz: " + FORMS + " forms, " + taken + " taken, the others refused by 400");
    }

    private static String type(final Random random) {
        return switch (random.nextInt(20)) {
            case 0 -> "multipart/form-data";
            case 1 -> "multipart/form-data; boundary=";
            case 2 -> "multipart/form-data; boundary=\"x-y-z";
            case 3 -> "multipart/form-data; charset=nonsense; boundary=x-y-z";
            case 4 -> "multipart/form-data; boundary=" + "b".repeat(300);
            default -> "multipart/form-data; boundary=x-y-z";
        };
    }

    private static byte[] form(final Random random) {
        final byte[] good = BatchCluster.form("x-y-z", "name=\"purpose\"", "user_data",
            "name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain", "some content\r\nin lines\r\n".repeat(random.nextInt(40)),
            "name=\"expires_after[anchor]\"", "created_at", "name=\"expires_after[seconds]\"", "4000").getBytes(StandardCharsets.UTF_8);
        byte[] body = good;
        for (int changes = random.nextInt(5); changes > 0; changes--) {
            body = changed(body, random);
        }
        return body;
    }

    private static byte[] changed(final byte[] body, final Random random) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final int at = random.nextInt(body.length + 1);
        final int length = Math.min(body.length - at, random.nextInt(60));
        out.write(body, 0, at);
        switch (random.nextInt(6)) {
            case 0 -> out.writeBytes(BAIT.get(random.nextInt(BAIT.size())).getBytes(StandardCharsets.UTF_8));
            case 1 -> out.write(random.nextInt(256));
            case 2 -> out.write(body, at, length);
            case 3 -> {
                return out.size() == 0 ? body : out.toByteArray();
            }
            case 4 -> {
                out.write(body, at + length, body.length - at - length);
                return out.size() == 0 ? body : out.toByteArray();
            }
            default -> out.writeBytes("z".repeat(random.nextInt(70_000)).getBytes(StandardCharsets.UTF_8));
        }
        out.write(body, at, body.length - at);
        return out.toByteArray();
    }
}
