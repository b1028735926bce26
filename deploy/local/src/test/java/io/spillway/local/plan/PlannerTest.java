package io.spillway.local.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spillway.domain.kv.KvElement;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

/** Laws of the plan: more costs more, dividing changes no totals, and the cheapest is the cheapest. */
class PlannerTest {
    private static final int TRIES = 200;
    private static final List<String> NAMES =
        List.of("llama-3-8b", "llama-3-70b", "qwen3-0.6b", "mixtral-8x7b", "gpt-oss-20b", "deepseek-v3", "gemma-2-9b");
    private static final List<PlannedModel> MODELS = NAMES.stream().map(Models::model).toList();

    private static Plan plan(final int model, final Workload load, final GpuCatalog catalog) {
        return Planner.plan(MODELS.get(model), MODELS.get(model).stored(), load, catalog);
    }

    @Property(tries = TRIES)
    void moreContextOrMoreAgentsNeverNeedLess(@ForAll @IntRange(max = 6) final int model, @ForAll @IntRange(min = 2, max = 100_000) final int context,
            @ForAll @IntRange(min = 1, max = 300) final int agents, @ForAll @IntRange(max = 5000) final int more, @ForAll final KvElement element) {
        final Plan less = plan(model, Models.load(context, agents, element), GpuCatalog.bundled());
        for (final Workload greater : List.of(Models.load(context + more, agents, element), Models.load(context, agents + more, element))) {
            final Plan plan = plan(model, greater, GpuCatalog.bundled());
            assertThat(plan.cacheBytes()).isGreaterThanOrEqualTo(less.cacheBytes());
            for (final Choice choice : plan.choices()) {
                final Choice before = less.choices().stream().filter(each -> each.gpu().equals(choice.gpu()) && each.degree() == choice.degree())
                    .findFirst().orElseThrow(() -> new AssertionError("more fits where less did not: " + choice));
                assertThat(choice.replicas()).isGreaterThanOrEqualTo(before.replicas());
                assertThat(choice.money().perHour()).isGreaterThanOrEqualTo(before.money().perHour());
            }
        }
    }

    @Property(tries = TRIES)
    void dividingChangesNoTotalsButOfWhatIsRepeated(@ForAll @IntRange(max = 6) final int at) {
        final PlannedModel model = MODELS.get(at);
        final PlannedModel.Weights weights = model.weights();
        final Workload.Cache cache = new Workload.Cache(KvElement.F16, 64);
        for (final int degree : Planner.DEGREES) {
            final int heads = model.kvHeadsOn(degree);
            assertThat(heads).isPositive();
            final double copies = (double) heads * degree / model.attention().kvHeads();
            assertThat(copies).isGreaterThanOrEqualTo(1);
            assertThat((double) degree * model.blockBytes(heads, cache)).isEqualTo(copies * model.blockBytes(model.attention().kvHeads(), cache));
            final double repeated = weights.keyValue() * (copies - 1) + (double) weights.vectors() * (degree - 1);
            final double expected = model.stored().bytes() * (1 + repeated / weights.total());
            assertThat((double) degree * GpuMemory.weightsBytes(model, model.stored(), degree)).isCloseTo(expected, within(expected * 1e-12 + degree));
        }
        assertThat(GpuMemory.weightsBytes(model, model.stored(), 1)).isEqualTo(model.stored().bytes());
    }

    /** Every type, degree and number of replicas, by hand: what holds the load, and what it costs. */
    @Property(tries = TRIES)
    void theCheapestIsTheCheapestOfAllThatFit(@ForAll @IntRange(max = 6) final int at, @ForAll @IntRange(min = 2, max = 60_000) final int context,
            @ForAll @IntRange(min = 1, max = 40) final int agents, @ForAll @IntRange(min = 8, max = 200) final int gibibytes,
            @ForAll @DoubleRange(min = 0.1, max = 20) final double dollars) {
        final GpuCatalog catalog = Models.catalog(Models.gpu(gibibytes, 3000, dollars), Models.gpu(80, 2000, 2.5), Models.gpu(24, 300, 0.5));
        final Workload load = Models.load(context, agents, KvElement.F16);
        final PlannedModel model = MODELS.get(at);
        double least = Double.POSITIVE_INFINITY;
        for (final GpuType gpu : catalog.gpus().values()) {
            for (final int degree : Planner.DEGREES) {
                final GpuMemory memory = GpuMemory.of(model, model.stored(), load, new GpuMemory.Host("", gpu, catalog.assumptions(), degree));
                for (int replicas = 1; replicas <= agents; replicas++) {
                    final int each = Math.ceilDiv(agents, replicas);
                    final boolean fits = memory.blockBytes() * load.blocks() * each <= memory.cacheBytes();
                    least = fits ? Math.min(least, degree * replicas * gpu.dollarsPerHour()) : least;
                }
            }
        }
        final Plan plan = plan(at, load, catalog);
        assertThat(plan.cheapest().map(choice -> choice.money().perHour()).orElse(Double.POSITIVE_INFINITY)).isCloseTo(least, within(1e-9));
        plan.cheapestRun().ifPresent(run -> assertThat(plan.choices()).allMatch(choice -> choice.money().perRun() >= run.money().perRun()));
        assertThat(plan.choices().size() + plan.misfits().size()).isEqualTo(3 * Planner.DEGREES.size());
        assertThat(plan.choices()).allMatch(choice -> choice.cache().spareTokens() >= 0 && choice.cache().agents() >= agents);
    }

    @Property(tries = TRIES)
    void whatIsCachedIsNotComputed(@ForAll @IntRange(max = 6) final int at, @ForAll @DoubleRange(min = 0, max = 1) final double share) {
        final Workload none = Models.load(8000, 4, KvElement.F16);
        final Workload some = new Workload(8000, 4, none.outputTokens(), share, none.cache());
        final GpuCatalog catalog = Models.catalog(Models.gpu(1500, 3000, 3));
        final Choice.Speed cold = plan(at, none, catalog).choices().getFirst().speed();
        final Choice.Speed warm = plan(at, some, catalog).choices().getFirst().speed();
        assertThat(warm.prefillSeconds()).isLessThanOrEqualTo(cold.prefillSeconds() * (1 + 1e-12));
        assertThat(warm.decodeTokensPerSecond()).isEqualTo(cold.decodeTokensPerSecond());
    }

    /** By hand: one agent of an 8B model on an H100 at 80 % of 3350 GB/s reads 7.5 billion numbers of two bytes, and 128 KiB a token. */
    @Example
    void aStepIsItsBytesByTheBandwidth() {
        final GpuCatalog catalog = GpuCatalog.bundled().only(List.of("h100-80gb"));
        final Workload load = new Workload(4096, 1, 512, 0, new Workload.Cache(KvElement.BF16, 64));
        final Choice choice = plan(0, load, catalog).choices().getFirst();
        final PlannedModel.Weights weights = MODELS.getFirst().weights();
        final double bytes = 2.0 * (weights.common() + weights.head()) + 131_072.0 * (4096 - 256);
        assertThat(choice.speed().agentTokensPerSecond()).isCloseTo(3350e9 * 0.8 / bytes, within(1e-6));
        final double flops = 2.0 * weights.common() * 3584 + 2.0 * weights.head() + 32.0 * 4 * 4096 * 3584.0 * 3584 / 2;
        assertThat(choice.speed().prefillSeconds()).isCloseTo(flops / (989e12 * 0.6), within(1e-9));
        assertThat(choice.money().perRun()).isCloseTo(4.76 / 3600 * choice.speed().runSeconds(), within(1e-12));
    }
}
