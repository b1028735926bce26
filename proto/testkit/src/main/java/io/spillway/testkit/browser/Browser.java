package io.spillway.testkit.browser;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A Chromium without a window, with a profile of its own that is gone with it. */
public final class Browser implements AutoCloseable {
    private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome");
    private static final Pattern ADDRESS = Pattern.compile("DevTools listening on (ws://\\S+)");
    private static final long END_SECONDS = 10;

    private final Process process;
    private final Path profile;
    private final DevTools tools;

    private Browser(final Process process, final Path profile, final DevTools tools) {
        this.process = process;
        this.profile = profile;
        this.tools = tools;
    }

    /** @return where a Chromium is: {@code SPILLWAY_CHROMIUM}, or the first known name on the path */
    public static Optional<Path> installed() {
        final Stream<Path> named = Stream.ofNullable(System.getenv("SPILLWAY_CHROMIUM")).map(Path::of);
        final Stream<Path> found = Stream.of(System.getenv().getOrDefault("PATH", "").split(java.io.File.pathSeparator))
            .filter(folder -> !folder.isEmpty()).flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)));
        return Stream.concat(named, found).filter(Files::isExecutable).findFirst();
    }

    /** @throws UncheckedIOException when the program cannot be started or says nothing of an address */
    public static Browser launch(final Path program) {
        try {
            final Path profile = Files.createTempDirectory("browser");
            final Process process = new ProcessBuilder(program.toString(), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
                "--remote-debugging-port=0", "--user-data-dir=" + profile, "about:blank").redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            return new Browser(process, profile, DevTools.connect(address(process)));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads what the browser says until it says where it listens; the rest is read away so that it never blocks. */
    private static String address(final Process process) throws IOException {
        final BufferedReader errors = new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
        final StringBuilder said = new StringBuilder();
        for (String line; (line = errors.readLine()) != null; said.append(line).append('\n')) {
            final Matcher found = ADDRESS.matcher(line);
            if (found.find()) {
                Thread.ofVirtual().start(() -> errors.lines().forEach(rest -> { }));
                return found.group(1);
            }
        }
        throw new IOException("the browser ended: " + said);
    }

    /** @return a new page, empty */
    public Page page() {
        return Page.open(tools);
    }

    @Override
    public void close() {
        tools.close();
        try {
            process.destroy();
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
            try (Stream<Path> files = Files.walk(profile)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
