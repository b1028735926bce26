package io.spillway.testkit.browser;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;

/** A page in a browser. Remembers what the page complained of and whom it talked to. */
public final class Page {
    private static final int AWAIT_MILLIS = 30_000;
    private static final Set<String> GRAVE = Set.of("error", "assert", "warning");

    private final DevTools tools;
    private final String session;
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private final Set<String> origins = new ConcurrentSkipListSet<>();

    private Page(final DevTools tools, final String session) {
        this.tools = tools;
        this.session = session;
    }

    static Page open(final DevTools tools) {
        final String target = tools.call("", "Target.createTarget", Map.of("url", "about:blank")).path("targetId").asText();
        final String session = tools.call("", "Target.attachToTarget", Map.of("targetId", target, "flatten", true)).path("sessionId").asText();
        final Page page = new Page(tools, session);
        tools.listen(session, page::hear);
        for (final String domain : List.of("Page", "Runtime", "Log", "Network")) {
            page.call(domain + ".enable", Map.of());
        }
        return page;
    }

    private void hear(final JsonNode event) {
        final JsonNode params = event.path("params");
        switch (event.path("method").asText()) {
            case "Runtime.exceptionThrown" -> complaints.add(params.at("/exceptionDetails/exception/description").asText(params.toString()));
            case "Runtime.consoleAPICalled" -> {
                if (GRAVE.contains(params.path("type").asText())) {
                    complaints.add(params.path("args").toString());
                }
            }
            case "Log.entryAdded" -> {
                if (GRAVE.contains(params.at("/entry/level").asText())) {
                    complaints.add(params.at("/entry/text").asText() + " " + params.at("/entry/url").asText());
                }
            }
            case "Network.requestWillBeSent" -> origins.add(origin(params.at("/request/url").asText()));
            default -> {
                // Nothing to remember.
            }
        }
    }

    private static String origin(final String url) {
        final String scheme = url.substring(0, url.indexOf(':') + 1);
        return scheme.startsWith("http") ? scheme + "//" + URI.create(url.split("[?#]")[0]).getAuthority() : scheme;
    }

    private JsonNode call(final String method, final Map<String, ?> params) {
        return tools.call(session, method, params);
    }

    /** Sizes the page in CSS pixels, for a device with a pointer or one that is touched. */
    public void size(final int width, final int height, final boolean touched) {
        call("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", touched));
    }

    /** @param scheme {@code light} or {@code dark} */
    public void colours(final String scheme) {
        call("Emulation.setEmulatedMedia", Map.of("features", List.of(
            Map.of("name", "prefers-color-scheme", "value", scheme), Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
    }

    /** Goes somewhere; does not wait. */
    public void go(final String address) {
        call("Page.navigate", Map.of("url", address));
    }

    /**
     * Runs a script and waits for what it promises.
     *
     * @return its value, as JSON
     * @throws IllegalStateException when it throws
     */
    public JsonNode run(final String script) {
        final JsonNode answer = call("Runtime.evaluate", Map.of("expression", script, "awaitPromise", true, "returnByValue", true));
        if (answer.has("exceptionDetails")) {
            throw new IllegalStateException(script + ": " + answer.at("/exceptionDetails/exception/description").asText());
        }
        return answer.at("/result/value");
    }

    /** @return the text of the first element that fits the selector, as people see it */
    public String text(final String selector) {
        return run("document.querySelector(" + quoted(selector) + ")?.innerText ?? ''").asText();
    }

    /**
     * Waits until an expression is true in the page.
     *
     * @throws AssertionError when it is not within half a minute
     */
    public void await(final String expression) {
        final JsonNode found = run("new Promise(done => { const end = performance.now() + " + AWAIT_MILLIS + ";"
            + "const look = () => { let is = false; try { is = Boolean(" + expression + "); } catch { is = false; }"
            + "if (is) done(true); else if (performance.now() > end) done(false); else setTimeout(look, 50); }; look(); })");
        if (!found.asBoolean()) {
            throw new AssertionError("never came true: " + expression + "\nthe page says:\n" + run("document.body.innerText").asText());
        }
    }

    /** Presses and releases a key, by its DOM name. */
    public void press(final String key) {
        final String text = key.length() == 1 ? key : "Enter".equals(key) ? "\r" : "";
        final int code = "Enter".equals(key) ? 13 : "Tab".equals(key) ? 9 : key.length() == 1 ? Character.toUpperCase(key.charAt(0)) : 0;
        for (final String type : List.of("keyDown", "keyUp")) {
            call("Input.dispatchKeyEvent", Map.of("type", type, "key", key, "text", type.equals("keyDown") ? text : "", "windowsVirtualKeyCode", code));
        }
    }

    /** Writes into what has the focus. */
    public void type(final String text) {
        call("Input.insertText", Map.of("text", text));
    }

    /** @return what is seen, as PNG */
    public byte[] picture() {
        return Base64.getDecoder().decode(call("Page.captureScreenshot", Map.of("format", "png")).path("data").asText());
    }

    /** @return errors and warnings: of scripts, of the content security policy, of the network */
    public List<String> complaints() {
        return List.copyOf(complaints);
    }

    /** @return scheme and authority of everything that was asked for */
    public Set<String> origins() {
        return Set.copyOf(origins);
    }

    private static String quoted(final String text) {
        return DevTools.JSON.valueToTree(text).toString();
    }
}
