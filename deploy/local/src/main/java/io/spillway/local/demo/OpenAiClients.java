package io.spillway.local.demo;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.OpenAIException;
import com.openai.errors.OpenAIIoException;
import com.openai.errors.OpenAIServiceException;
import com.openai.errors.UnauthorizedException;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.time.Duration;
import java.util.function.Function;

/** Calls through the official OpenAI client, with its failures turned into one clear line. */
public final class OpenAiClients {
    private static final Duration TIMEOUT = Duration.ofMinutes(5);

    private OpenAiClients() {
    }

    /**
     * Opens a client for the length of one action.
     *
     * @return what {@code action} returns; throws {@link SpillwayException} that says what failed
     */
    public static <T> T calling(final String baseUrl, final String apiKey, final Function<OpenAIClient, T> action) {
        final OpenAIClient client = OpenAIOkHttpClient.builder().baseUrl(baseUrl).apiKey(apiKey).timeout(TIMEOUT).maxRetries(2).build();
        try {
            return action.apply(client);
        } catch (final OpenAIException e) {
            throw new SpillwayException(ErrorCode.NO_NODE, explain(baseUrl, e), e);
        } finally {
            client.close();
        }
    }

    /** @return one line that says what failed and what to do */
    static String explain(final String baseUrl, final OpenAIException e) {
        return switch (e) {
            case UnauthorizedException refused -> baseUrl + " refused the API key; give --api-key the one that `up` printed";
            case OpenAIServiceException answered -> baseUrl + " answered: " + answered.getMessage();
            case OpenAIIoException unreachable -> "cannot reach " + baseUrl + ": " + rootMessage(unreachable);
            default -> baseUrl + " sent what the OpenAI client does not understand: " + e.getMessage();
        };
    }

    private static String rootMessage(final Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.toString() : root.getMessage();
    }
}
