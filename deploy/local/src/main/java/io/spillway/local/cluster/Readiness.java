package io.spillway.local.cluster;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** Waits until a cluster serves: every replica's gateway lists the model, so that a first request finds a node anywhere. */
public final class Readiness {
    private static final Duration TIMEOUT = Duration.ofSeconds(120);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private Readiness() {
    }

    /**
     * Returns when the cluster serves; throws {@link SpillwayException} when a role ends first or the time is up.
     *
     * @param progress told when the wait is for something new
     */
    public static void await(final ClusterPlan plan, final RunningCluster cluster, final Consumer<String> progress) {
        final long deadlineNanos = System.nanoTime() + TIMEOUT.toNanos();
        try (HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2)).build()) {
            final List<URI> gateways = plan.coordinators().stream().map(at -> URI.create("http://" + at.http())).toList();
            for (final URI gateway : gateways) {
                progress.accept("waiting until " + gateway.getAuthority() + " serves " + plan.spec().modelName());
                awaitModel(http, gateway, plan, cluster, deadlineNanos);
            }
        }
    }

    private static HttpResponse<String> ask(final HttpClient http, final URI address, final ClusterPlan plan)
        throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(5))
            .header("Authorization", "Bearer " + plan.apiKey()).build(), HttpResponse.BodyHandlers.ofString());
    }

    private static void awaitModel(
        final HttpClient http, final URI gateway, final ClusterPlan plan, final RunningCluster cluster, final long deadlineNanos) {
        String last = "no answer yet";
        while (true) {
            cluster.failure().ifPresent(line -> {
                throw new SpillwayException(ErrorCode.INTERNAL, line);
            });
            try {
                // A replica that serves nobody yet would refuse the key too, and remember that.
                final HttpResponse<String> health = ask(http, gateway.resolve("/health"), plan);
                final HttpResponse<String> response = health.statusCode() == 200 ? ask(http, gateway.resolve("/v1/models"), plan) : health;
                if (response.statusCode() == 200 && response.body().contains("\"" + plan.spec().modelName() + "\"")) {
                    return;
                }
                checkKey(response, plan);
                last = "status " + response.statusCode() + " without the model";
            } catch (final IOException e) {
                last = e.toString();
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SpillwayException(ErrorCode.CANCELLED, "interrupted while the cluster started", e);
            }
            if (System.nanoTime() - deadlineNanos > 0) {
                throw new SpillwayException(ErrorCode.DEADLINE_EXCEEDED, "the cluster did not serve within " + TIMEOUT.toSeconds()
                    + " s (" + gateway + ": " + last + "); its logs are in " + plan.spec().dataDir().resolve("logs"));
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    /** A key that is not known yet comes with the log; one that has ended does not come back. */
    private static void checkKey(final HttpResponse<String> response, final ClusterPlan plan) {
        if (response.statusCode() == 401 && (response.body().contains("has been revoked") || response.body().contains("has expired"))) {
            throw new SpillwayException(ErrorCode.WRONG_STATE, "the key in " + plan.spec().dataDir().resolve("api-key")
                + " was revoked or has expired; delete the file and start again: a new key is made");
        }
    }
}
