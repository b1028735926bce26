package io.spillway.testkit.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

class BrowserTest {
    @Test
    void aPageIsSeenTouchedAndHeard() {
        assumeTrue(Browser.installed().isPresent(), "no Chromium on the path; SPILLWAY_CHROMIUM may name one");
        try (Browser browser = Browser.launch(Browser.installed().orElseThrow())) {
            final Page page = browser.page();
            page.size(320, 200, false);
            page.go("data:text/html,<title>t</title><input autofocus><p>one</p><script>document.querySelector('input').oninput=e=>{"
                + "document.querySelector('p').textContent=e.target.value}</script>");
            page.await("document.activeElement.tagName === 'INPUT'");
            page.type("two");
            page.await("document.querySelector('p').textContent === 'two'");
            assertThat(page.text("p")).isEqualTo("two");
            assertThat(page.picture()).startsWith(0x89, 'P', 'N', 'G');
            assertThat(page.complaints()).isEmpty();
            page.run("setTimeout(() => { console.error('bad thing'); throw new Error('thrown'); })");
            page.await("new Promise(done => setTimeout(() => done(true)))");
            page.go("data:text/html,<img src='http://127.0.0.1:1/x.png'>");
            page.await("document.images.length === 1 && document.images[0].complete");
            assertThat(page.complaints()).anyMatch(text -> text.contains("bad thing")).anyMatch(text -> text.contains("thrown"));
            assertThat(page.origins()).contains("http://127.0.0.1:1");
            assertThatThrownBy(() -> page.run("nothing.like.that")).hasMessageContaining("nothing is not defined");
        }
    }
}
