package io.spillway.coordinator.ledger;

import io.spillway.coordinator.state.Command.UsageEntry;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.Usage;
import java.util.Optional;

/**
 * What a request costs, by part. Each part is rounded up to a whole nano-dollar by itself, so that the parts a person sees
 * sum to the total that is charged, exactly.
 */
public record Charge(long promptNanoDollars, long cachedNanoDollars, long outputNanoDollars) {
    private static final long TOKENS_PER_PRICE = 1_000_000;

    /** The charge for what a request consumed: a prompt token is paid once, as computed or as cached. */
    public static Charge of(final Prices prices, final Usage usage) {
        return new Charge(
            cost(usage.promptTokens() - usage.cachedTokens(), prices.promptNanoDollarsPerMillion()),
            cost(usage.cachedTokens(), prices.cachedNanoDollarsPerMillion()),
            cost(usage.outputTokens(), prices.outputNanoDollarsPerMillion()));
    }

    /** @return what is charged in all */
    public long totalNanoDollars() {
        return promptNanoDollars + cachedNanoDollars + outputNanoDollars;
    }

    /** @return the entry by which a finished request is charged to its tenant and run */
    public static UsageEntry entry(
        final TenantId tenant, final Optional<RunId> run, final ModelId model, final Usage usage, final Tariff tariff) {
        return new UsageEntry(tenant, run.map(RunId::value).orElse(""), model.value(), usage.promptTokens(),
            usage.cachedTokens(), usage.outputTokens(), of(tariff.of(model), usage).totalNanoDollars());
    }

    /** In two parts, because tokens times price may not fit: at most 2^31 tokens and 1e12 per million. */
    private static long cost(final int tokens, final long nanoDollarsPerMillion) {
        final long whole = tokens * (nanoDollarsPerMillion / TOKENS_PER_PRICE);
        final long rest = tokens * (nanoDollarsPerMillion % TOKENS_PER_PRICE);
        return whole + Math.ceilDiv(rest, TOKENS_PER_PRICE);
    }
}
