package io.spillway.local.command;

import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import io.spillway.local.demo.OpenAiClients;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Asks one question and prints the answer as it is made. */
@Command(name = "chat", description = "Ask the running cluster one question.")
public final class ChatCommand implements Runnable {
    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private Target target;
    @Parameters(paramLabel = "QUESTION", description = "what to ask")
    private String question;
    @Option(names = "--system", paramLabel = "TEXT", description = "system message")
    private String system;
    @Option(names = "--max-tokens", paramLabel = "N", defaultValue = "512", description = "most output tokens (default: ${DEFAULT-VALUE})")
    private int maxTokens;
    @Option(names = "--temperature", paramLabel = "T", defaultValue = "0", description = "0 is greedy (default: ${DEFAULT-VALUE})")
    private double temperature;

    @Override
    public void run() {
        final Target.Api api = target.api();
        final ChatCompletionCreateParams.Builder ask = ChatCompletionCreateParams.builder()
            .model(api.model()).maxCompletionTokens(maxTokens).temperature(temperature);
        if (system != null) {
            ask.addSystemMessage(system);
        }
        ask.addUserMessage(question);
        final PrintWriter out = spec.commandLine().getOut();
        OpenAiClients.calling(api.baseUrl(), api.apiKey(), client -> {
            stream(client, ask.build(), out);
            return null;
        });
        out.println();
        out.flush();
    }

    private static void stream(final OpenAIClient client, final ChatCompletionCreateParams ask, final PrintWriter out) {
        try (StreamResponse<ChatCompletionChunk> chunks = client.chat().completions().createStreaming(ask)) {
            chunks.stream().flatMap(chunk -> chunk.choices().stream())
                .flatMap(choice -> choice.delta().content().stream())
                .forEach(text -> {
                    out.print(text);
                    out.flush();
                });
        }
    }
}
