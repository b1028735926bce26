package io.spillway.coordinator.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.coordinator.state.ClusterState;
import io.spillway.coordinator.state.Command;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Usage;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ChargeTest {
    private static final ModelId BROOK = new ModelId("brook");
    /** 3 dollars, 30 cents and 15 dollars per million tokens. */
    private static final Prices USUAL = new Prices(3_000_000_000L, 300_000_000L, 15_000_000_000L);

    @Provide
    Arbitrary<Prices> prices() {
        final Arbitrary<Long> price = Arbitraries.longs().between(0, Prices.NANO_DOLLARS_PER_MILLION_MAX);
        return Combinators.combine(price, price, price).as(Prices::new);
    }

    @Provide
    Arbitrary<Usage> usages() {
        final Arbitrary<Integer> tokens = Arbitraries.integers().greaterOrEqual(0);
        return Combinators.combine(tokens, tokens, tokens)
            .as((a, b, output) -> usage(Math.max(a, b), Math.min(a, b), output));
    }

    private static Usage usage(final int prompt, final int cached, final int output) {
        return new Usage(prompt, cached, output, PrefillSources.NONE);
    }

    @Test
    void aPromptTokenIsPaidOnce() {
        assertThat(Charge.of(USUAL, usage(1_000_000, 0, 0)).totalNanoDollars()).isEqualTo(3_000_000_000L);
        assertThat(Charge.of(USUAL, usage(1_000_000, 1_000_000, 0)).totalNanoDollars()).isEqualTo(300_000_000L);
        assertThat(Charge.of(USUAL, usage(1000, 900, 10))).isEqualTo(new Charge(300_000, 270_000, 150_000));
        assertThat(Charge.of(new Prices(1, 1, 1), usage(2, 1, 0))).isEqualTo(new Charge(1, 1, 0));
        assertThat(Charge.of(Prices.FREE, usage(1000, 900, 10)).totalNanoDollars()).isZero();
    }

    @Test
    void aModelWithoutPricesOfItsOwnCostsWhatOthersCost() {
        final Tariff tariff = new Tariff(Map.of(BROOK, USUAL), Prices.FREE);
        assertThat(tariff.of(BROOK)).isEqualTo(USUAL);
        assertThat(tariff.of(new ModelId("river"))).isEqualTo(Prices.FREE);
        assertThat(Charge.entry(new TenantId("t"), Optional.of(new RunId("r")), BROOK, usage(1000, 900, 10), tariff))
            .isEqualTo(new Command.UsageEntry(new TenantId("t"), "r", "brook", 1000, 900, 10, 720_000));
    }

    @Test
    void aPriceOutOfRangeNamesItsField() {
        assertThatThrownBy(() -> new Prices(0, -1, 0)).isInstanceOfSatisfying(SpillwayException.class, failure -> {
            assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_CONFIG);
            assertThat(failure.field()).contains("cachedNanoDollarsPerMillion");
        });
        assertThatThrownBy(() -> new Prices(Prices.NANO_DOLLARS_PER_MILLION_MAX + 1, 0, 0))
            .isInstanceOf(SpillwayException.class);
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void everyPartIsTheExactPriceRoundedUp(@ForAll("prices") final Prices prices, @ForAll("usages") final Usage usage) {
        final Charge charge = Charge.of(prices, usage);
        assertThat(charge.promptNanoDollars())
            .isEqualTo(exact(usage.promptTokens() - usage.cachedTokens(), prices.promptNanoDollarsPerMillion()));
        assertThat(charge.cachedNanoDollars())
            .isEqualTo(exact(usage.cachedTokens(), prices.cachedNanoDollarsPerMillion()));
        assertThat(charge.outputNanoDollars())
            .isEqualTo(exact(usage.outputTokens(), prices.outputNanoDollarsPerMillion()));
        assertThat(charge.totalNanoDollars())
            .isEqualTo(charge.promptNanoDollars() + charge.cachedNanoDollars() + charge.outputNanoDollars())
            .isNotNegative();
    }

    private static long exact(final int tokens, final long price) {
        final BigInteger million = BigInteger.valueOf(1_000_000);
        return BigInteger.valueOf(tokens).multiply(BigInteger.valueOf(price)).add(million.subtract(BigInteger.ONE))
            .divide(million).longValueExact();
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theTenantPaysTheSumOfItsRequests(
        @ForAll("prices") final Prices prices, @ForAll final List<@From("usages") Usage> usages) {
        final TenantId tenant = new TenantId("t");
        final Tariff tariff = new Tariff(Map.of(), prices);
        final ClusterState state = new ClusterState();
        state.apply("tenant", new Command.CreateTenant(tenant, new byte[32]), 0);
        final List<Command.UsageEntry> entries = usages.stream()
            .map(usage -> Charge.entry(tenant, Optional.empty(), BROOK, usage, tariff)).toList();
        for (int i = 0; i < entries.size(); i++) {
            state.apply("settle-" + i, new Command.SettleUsage(List.of(entries.get(i))), 0);
        }
        final long sum = usages.stream().mapToLong(usage -> Charge.of(prices, usage).totalNanoDollars())
            .reduce(0, (a, b) -> a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b);
        final var totals = state.view().usage().get(tenant);
        assertThat(totals == null ? 0 : totals.costNanoDollars()).isEqualTo(sum);
        assertThat(totals == null ? 0 : totals.requests()).isEqualTo(usages.size());
    }
}
