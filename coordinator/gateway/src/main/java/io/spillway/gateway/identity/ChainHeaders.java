package io.spillway.gateway.identity;

import io.spillway.domain.request.PrefillSources;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.runs.OpenStep;
import java.math.BigDecimal;

/**
 * Tells a client, in headers that it may ignore, which chain of steps its request was taken for and what the chain has consumed so far. What
 * is known when the headers go out is in them: a whole answer's cost, but of a stream's only that of the steps before. Owned by the
 * exchange's thread.
 */
public final class ChainHeaders {
    private static final int NANO_DIGITS = 9;

    private final HttpExchange exchange;
    private OpenStep step;

    public ChainHeaders(final HttpExchange exchange) {
        this.exchange = exchange;
    }

    /** The request has its place. */
    public void begun(final OpenStep begun) {
        step = begun;
        exchange.header("x-chain-id", begun.run().value());
        exchange.header("x-step-id", begun.step().id());
        tell(0, 0);
    }

    /** Prefill begins; later calls than the first change nothing once a stream has begun. */
    public void started(final PrefillSources sources) {
        tell(sources.cachedTokens(), 0);
    }

    /** The answer is complete. */
    public void finished(final ChatUsage usage) {
        tell(usage.usage().cachedTokens(), usage.costNanoDollars());
    }

    private void tell(final long cachedTokens, final long costNanoDollars) {
        if (step != null) {
            exchange.header("x-chain-cached-tokens", Long.toString(step.before().cachedTokens() + cachedTokens));
            exchange.header("x-chain-cost",
                BigDecimal.valueOf(step.before().costNanoDollars() + costNanoDollars, NANO_DIGITS).toPlainString());
        }
    }
}
