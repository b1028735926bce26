package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.console.ConsoleSnapshot;
import io.spillway.testkit.browser.Browser;
import io.spillway.testkit.browser.Page;
import java.net.http.HttpRequest;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The console in a real browser: what it says when there is nothing, when it may not look, when nobody answers, when names are hostile. */
class ConsolePageTest {
    private static final String HOSTILE = "<img src=x onerror=\"document.title='taken'\">";
    private static Browser browser;
    private Page page;

    @BeforeAll
    static void launch() {
        assumeTrue(Browser.installed().isPresent(), "no Chromium on the path; SPILLWAY_CHROMIUM may name one");
        browser = Browser.launch(Browser.installed().orElseThrow());
    }

    @AfterAll
    static void end() {
        if (browser != null) {
            browser.close();
        }
    }

    @BeforeEach
    void open() {
        page = browser.page();
        page.size(1280, 800, false);
        page.colours("light");
    }

    @AfterEach
    void forget() {
        page.go("about:blank");
    }

    private void isClean(final TestCluster cluster) {
        assertThat(page.complaints()).isEmpty();
        assertThat(page.origins()).isSubsetOf(Set.of("http://127.0.0.1:" + cluster.gateway.port(), "data:", "about:"));
    }

    @Test
    void anEmptyClusterIsSaidToBeEmpty() {
        try (TestCluster cluster = new TestCluster(ConsoleSnapshot.empty(1_000_000))) {
            page.go(cluster.uri("/console").toString());
            page.await("document.querySelector('.verdict.bad')");
            assertThat(page.text("#verdict")).contains("no engine can be reached");
            assertThat(page.text("#members")).contains("No member has registered yet.");
            assertThat(page.text("#changes")).contains("Nothing has changed");
            assertThat(page.text("#latest-errors")).contains("No error has been answered.");
            assertThat(page.run("document.querySelectorAll('.chart canvas').length").asInt()).isEqualTo(7);
            page.press("2");
            page.await("document.querySelector('[data-page=requests]').hidden === false");
            assertThat(page.text("#no-requests")).startsWith("No request yet.");
            page.press("3");
            page.await("document.querySelector('#no-runs').innerText.startsWith('No run yet')");
            page.press("4");
            page.await("document.querySelector('#no-codes').checkVisibility()");
            isClean(cluster);
        }
    }

    @Test
    void aKeyIsAskedForAndIsKeptOutOfTheAddress() {
        try (TestCluster cluster = new TestCluster(ChatService.Limits.USUAL, TimeUnit.SECONDS.toNanos(9), GatewayConfig.ConsoleAccess.KEY)) {
            page.go(cluster.uri("/console").toString());
            page.await("document.querySelector('#ask').open");
            assertThat(page.text("#content")).doesNotContain("node-1");
            page.type("sk-wrong");
            page.press("Enter");
            page.await("document.querySelector('#ask').open && document.querySelector('#key').value === ''");
            page.type(TestCluster.KEY);
            page.press("Enter");
            page.await("document.querySelector('#members b')?.innerText === 'node-1'");
            assertThat(page.run("location.href + document.cookie + JSON.stringify(localStorage)").asText()).doesNotContain("sk-");
            assertThat(page.complaints()).as("besides the two refusals").allMatch(text -> text.contains("401"));
        }
    }

    @Test
    void aServerThatIsGoneIsSaidToBeGoneAndHowLong() {
        final TestCluster cluster = new TestCluster();
        page.go(cluster.uri("/console").toString());
        page.await("document.querySelector('#members b')?.innerText === 'node-1'");
        cluster.close();
        page.await("!document.querySelector('#lost').hidden");
        assertThat(page.text("#lost")).startsWith("Not connected:").contains("What you see is of");
        assertThat(page.text("#when")).isEqualTo("not connected");
        page.await("/ [2-9] s ago/.test(document.querySelector('#lost').innerText)");
        assertThat(page.run("document.body.classList.contains('stale')").asBoolean()).isTrue();
    }

    @Test
    void whateverTheClientCallsThingsIsTextAndNothingElse() {
        final ConsoleSnapshot hostile = new ConsoleSnapshot(1_000_000, List.of(new ConsoleSnapshot.Replica(HOSTILE, true, true, 1, 1)), List.of(),
            List.of(new ConsoleSnapshot.Request(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1, "failed", HOSTILE, 10, 5, 3,
                ConsoleSnapshot.Sources.NONE, new ConsoleSnapshot.Times(0, 1, 1, 2), HOSTILE)), ConsoleSnapshot.Totals.ZERO);
        try (TestCluster cluster = new TestCluster(hostile)) {
            page.go(cluster.uri("/console#requests").toString());
            page.await("document.querySelector('tr.row')");
            page.run("document.querySelector('tr.row').focus()");
            page.press("Enter");
            page.await("document.querySelector('tr.more')");
            assertThat(page.text("tr.more")).contains(HOSTILE);
            assertThat(page.run("document.querySelectorAll('main img').length + document.title").asText()).isEqualTo("0Spillway");
            page.press("/");
            page.await("document.activeElement.id === 'request-filter'");
            page.type("nothing like it");
            page.await("document.querySelector('#no-requests').innerText === 'No request fits.'");
            isClean(cluster);
        }
    }

    @Test
    void aRunIsDrawnStepByStep() {
        try (TestCluster cluster = new TestCluster()) {
            for (int step = 0; step < 3; step++) {
                cluster.send(cluster.request("/v1/chat/completions").header("X-Run-Id", "drawn").POST(HttpRequest.BodyPublishers.ofString(chat(""))).build());
            }
            page.size(390, 844, true);
            page.go(cluster.uri("/console#runs/drawn?acme").toString());
            page.await("document.querySelectorAll('.lane').length === 3");
            assertThat(page.text("#timeline")).contains("drawn").contains("3 steps").contains("50%");
            assertThat(page.run("document.querySelectorAll('.lane .k-decode').length").asInt()).isEqualTo(3);
            assertThat(page.run("document.documentElement.scrollWidth").asInt()).as("fits a phone").isLessThanOrEqualTo(390);
            assertThat(page.text("body")).as("what was answered").doesNotContain("hello");
            isClean(cluster);
        }
    }
}
