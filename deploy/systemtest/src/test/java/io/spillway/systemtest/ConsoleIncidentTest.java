package io.spillway.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.bench.cluster.ClusterQuestions;
import io.spillway.bench.cluster.CommandLineCluster;
import io.spillway.testkit.browser.Browser;
import io.spillway.testkit.browser.Page;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * What the console says while a cluster is at work, refuses, fails a request and loses a node must be so. With
 * {@code -Dspillway.docs=write} the cluster works for minutes and the pictures of the documents are taken anew.
 */
class ConsoleIncidentTest {
    private static final boolean PICTURES = "write".equals(System.getProperty("spillway.docs"));
    private static final String RUN = "book-a-trip";
    private static final int STREAMS = 3;
    /** Long enough for a first token on a busy machine; a stream of so many tokens takes longer on any. */
    private static final int DEADLINE_MILLIS = 3000;
    private static final int ENDLESS_TOKENS = 30_000;

    private CommandLineCluster cluster;
    private ConsoleTraffic traffic;
    private Page page;

    @Test
    void thePageTellsTheTruthInAnIncident() throws Exception {
        assumeTrue(Browser.installed().isPresent(), "no Chromium on the path; SPILLWAY_CHROMIUM may name one");
        try (CommandLineCluster started = CommandLineCluster.start("--processes");
             Browser browser = Browser.launch(Browser.installed().orElseThrow())) {
            cluster = started;
            traffic = new ConsoleTraffic(started);
            page = browser.page();
            page.size(1280, 800, false);
            page.colours("light");
            page.go(console(""));
            calm();
            refusals();
            final List<CompletableFuture<String>> streams = busy();
            final String lost = aNodeDies();
            streams.forEach(stream -> assertThat(stream.join().endsWith("data: [DONE]")).as("goes on elsewhere").isTrue());
            afterwards(lost);
            assertThat(page.complaints()).isEmpty();
            assertThat(page.origins()).isSubsetOf(console("").replace("/console", ""), "data:");
        }
    }

    private String console(final String view) {
        return cluster.baseUrl().replace("/v1", "/console") + view;
    }

    private void calm() throws Exception {
        page.await("document.querySelector('.verdict.good')");
        page.await("document.querySelectorAll('#members tr').length === 3 && document.querySelectorAll('#members .dot.good').length === 3");
        assertThat(page.text("#facts")).isEqualTo("3 coordinators · 2 engines · 1 store");
        assertThat(page.text("#replicas")).contains(cluster.leader()).contains("leads");
        traffic.agentRun(RUN, 4);
        if (PICTURES) {
            traffic.workAWhile();
            picture("console-overview");
        }
    }

    private void refusals() {
        assertThat(traffic.ask("{\"model\":\"brook\",\"messages\":[]}")).contains("invalid_value");
        final String late = traffic.stream(ENDLESS_TOKENS, "deadline", "X-Run-Deadline", Instant.now().plusMillis(DEADLINE_MILLIS).toString()).join();
        assertThat(late.contains("deadline_exceeded") && late.startsWith("data: ")).as("fails in mid-stream").isTrue();
        page.await("document.querySelector('#latest-errors li').innerText.includes('deadline_exceeded')");
        assertThat(page.text("#latest-errors li")).contains("504, mid-stream").contains("/v1/chat/completions");
        assertThat(page.text("#latest-errors li:nth-child(2)")).contains("invalid_value").contains("400");
        page.await("document.querySelector('#verdict').innerText.includes('answers failed in the last minute')");
    }

    private List<CompletableFuture<String>> busy() {
        final List<CompletableFuture<String>> streams = new ArrayList<>();
        for (int i = 0; i < STREAMS; i++) {
            streams.add(traffic.stream("stream-" + i));
        }
        page.await("Number(document.querySelector('#live-count').innerText) > 0"); // all of them, unless the machine is so busy that they begin apart
        page.await("document.querySelector('[data-chart=tokens] .values b').innerText !== '0'");
        return streams;
    }

    private String aNodeDies() throws Exception {
        final String node = ClusterQuestions.nodeOfRunningRequest(cluster);
        cluster.kill(node);
        page.await("document.querySelector('#verdict').innerText.includes('" + node + " ')");
        page.await("document.querySelector('#changes').innerText.includes('goes on at another node')"
            + " || document.querySelector('#changes').innerText.includes('go on at another node')");
        assertThat(page.text("#changes")).contains(node).contains("engine cannot be reached");
        page.await("document.querySelector('#verdict').innerText.includes('" + node + " was lost')");
        assertThat(page.text("#members tr.ghost")).contains(node).contains("its lease ran out");
        if (PICTURES) {
            page.await("document.querySelector('#changes').innerText.includes('lost')");
            picture("console-incident");
            page.colours("dark");
            picture("console-incident-dark");
            page.colours("light");
        }
        return node;
    }

    /** Nothing moves any more: the page and the state must say the same. */
    private void afterwards(final String lost) throws Exception {
        final JsonNode state = cluster.awaitState("rest", now -> now.at("/totals/in_flight").asInt() == 0);
        assertThat(state.at("/totals/failed_over").asInt()).isPositive();
        page.await("document.querySelector('.totals dl').innerText.replace(/\\s+/g, ' ').includes('failed over "
            + state.at("/totals/failed_over").asText() + "')");
        // The page is a second or two behind: only one that shows nothing in progress shows the end.
        page.await("document.querySelector('#live-count').hidden");
        page.go(console("#requests"));
        page.await("document.querySelectorAll('#request-rows tr.row').length === " + state.get("requests").size());
        requestsAreThoseOfTheState(state);
        page.run("document.querySelectorAll('#request-rows tr.row')[0].click()");
        page.await("document.querySelector('tr.more')");
        assertThat(page.text("tr.more")).contains(state.at("/requests/0/placement").asText()).contains(state.at("/requests/0/id").asText());
        assertThat(page.text("#request-rows")).contains("(2 tried)");
        picture("console-requests");
        page.go(console("#runs/" + RUN));
        page.await("document.querySelectorAll('.lane').length === 4");
        assertThat(page.text("#timeline")).contains(RUN).contains("4 steps").contains("charged by the cluster");
        assertThat(page.run("document.querySelectorAll('.lane .gap').length").asInt()).as("tools at work between steps").isEqualTo(3);
        picture("console-runs");
        assertThat(page.run("document.body.innerText").asText()).as("prompts").doesNotContain("Sibel");
        if (PICTURES) {
            page.size(390, 844, true);
            page.go(console("#overview"));
            page.await("document.querySelector('#members').innerText.includes('" + lost + "')");
            picture("console-phone");
        }
    }

    private void requestsAreThoseOfTheState(final JsonNode state) {
        final JsonNode rows = page.run("[...document.querySelectorAll('#request-rows tr.row')].map(row => [...row.cells].map(cell => cell.title || cell.innerText))");
        for (int i = 0; i < rows.size(); i++) {
            final JsonNode request = state.get("requests").get(i);
            final JsonNode row = rows.get(i);
            assertThat(row.get(1).asText()).isEqualTo(request.get("id").asText());
            assertThat(row.get(4).asText()).startsWith(request.get("node").asText());
            assertThat(row.get(5).asText()).isEqualTo(request.get("prompt_tokens").asText());
            assertThat(row.get(7).asText()).isEqualTo(request.get("output_tokens").asText());
            assertThat(request.at("/times/queue_nanos").asLong()).isLessThanOrEqualTo(request.at("/times/ttft_nanos").asLong());
        }
    }

    private void picture(final String name) throws Exception {
        assertThat(page.run("scrollY").asInt()).as("seen from its head").isZero();
        final byte[] png = page.picture();
        assertThat(png).startsWith(0x89, 'P', 'N', 'G');
        if (PICTURES) {
            final Path folder = Files.createDirectories(CommandLineCluster.root().resolve("deploy/docs/images"));
            Files.write(folder.resolve(name + ".png"), png);
        }
    }
}
