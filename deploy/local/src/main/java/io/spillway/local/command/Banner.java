package io.spillway.local.command;

import io.spillway.local.cluster.RunFile;

/** What {@code up} prints once the cluster serves. */
final class Banner {
    private Banner() {
    }

    static String of(final RunFile run, final boolean detached) {
        return """

            Spillway serves %s

              base URL   %s
              API key    %s
              console    %s

              curl %s/chat/completions \\
                -H "Authorization: Bearer %s" \\
                -H "Content-Type: application/json" \\
                -d '{"model": "%s", "messages": [{"role": "user", "content": "Hello!"}]}'

            %s""".formatted(run.model(), run.baseUrl(), run.apiKey(), run.consoleUrl(), run.baseUrl(), run.apiKey(), run.model(),
            detached ? "End it with: ./spillway down" : "Ctrl-C ends it. In another terminal: ./spillway chat \"Hello!\"");
    }
}
