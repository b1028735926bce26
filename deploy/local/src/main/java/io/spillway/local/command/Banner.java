package io.spillway.local.command;

import io.spillway.local.cluster.RunFile;
import java.util.List;
import java.util.stream.Collectors;

/** What {@code up} prints once the cluster serves. */
final class Banner {
    private Banner() {
    }

    /** @param devices what nodes compute on, a line each */
    static String of(final RunFile run, final List<String> devices, final boolean detached) {
        return """

            Spillway serves %s

              base URL   %s
              API key    %s
              console    %s
            %s
              curl %s/chat/completions \\
                -H "Authorization: Bearer %s" \\
                -H "Content-Type: application/json" \\
                -d '{"model": "%s", "messages": [{"role": "user", "content": "Hello!"}]}'

            %s""".formatted(run.model(), run.baseUrl(), run.apiKey(), run.consoleUrl(),
            devices.stream().map(line -> "  computes   on " + line + "\n").collect(Collectors.joining()), run.baseUrl(), run.apiKey(), run.model(),
            detached ? "End it with: ./spillway down" : "Ctrl-C ends it. In another terminal: ./spillway chat \"Hello!\"");
    }
}
