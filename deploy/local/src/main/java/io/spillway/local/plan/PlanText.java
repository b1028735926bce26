package io.spillway.local.plan;

import java.util.Locale;
import java.util.Optional;

/** A plan as a person reads it. */
public final class PlanText {
    private static final double GIB = 1L << 30;
    private static final double KIB = 1 << 10;
    private static final double BILLION = 1e9;

    private final Plan plan;
    private final StringBuilder text = new StringBuilder();

    private PlanText(final Plan plan) {
        this.plan = plan;
    }

    /** @return several lines, without the last line's end */
    public static String of(final Plan plan) {
        final PlanText made = new PlanText(plan);
        made.needs();
        made.choices();
        made.misfits();
        made.verdict();
        return made.text.toString().stripTrailing();
    }

    private void line(final String format, final Object... values) {
        text.append(String.format(Locale.ROOT, format, values).stripTrailing()).append('\n');
    }

    private void needs() {
        final PlannedModel model = plan.model();
        final Workload load = plan.load();
        line("model     %s, %d layers, %.2f billion numbers", model.architecture(), model.attention().layers(), model.weights().total() / BILLION);
        line("weights   %.2f GiB (%s%s)", plan.stored().bytes() / GIB, plan.stored().label(), plan.stored().exact() ? "" : ", from the configuration");
        line("KV cache  %.2f KiB a token (%s), %.2f GiB for %d agents of %d tokens", plan.cacheBytesPerToken() / KIB, load.cache().element(),
            plan.cacheBytes() / GIB, load.concurrency(), load.contextTokens());
        line("run       %d tokens of prompt, %d of them computed, %d of output", load.promptTokens(), load.computedTokens(), load.outputTokens());
        if (model.contextTokens() > 0 && load.contextTokens() > model.contextTokens()) {
            line("note      the model was made for %d tokens of context", model.contextTokens());
        }
        model.notes().forEach(note -> line("note      %s", note));
    }

    private void choices() {
        if (plan.choices().isEmpty()) {
            return;
        }
        line("");
        line("%-10s %2s %8s %5s %12s %13s %12s %9s %9s %8s %9s %9s %10s", "GPU", "TP", "replicas", "GPUs", "weights GiB", "spare tokens", "agents fit",
            "tokens/s", "an agent", "prefill", "run", "$/hour", "$/M tokens");
        for (final Choice each : plan.choices()) {
            line("%-10s %2d %8d %5d %12.2f %13d %12d %9.0f %9.1f %7.2fs %8.1fs %9.2f %10.3f", each.gpu(), each.degree(), each.replicas(), each.gpus(),
                each.memory().weightsBytes() / GIB, each.cache().spareTokens(), each.cache().agents(), each.speed().decodeTokensPerSecond(),
                each.speed().agentTokensPerSecond(), each.speed().prefillSeconds(), each.speed().runSeconds(), each.money().perHour(),
                each.money().perMillionTokens());
        }
    }

    private void misfits() {
        if (!plan.misfits().isEmpty()) {
            line("");
            plan.misfits().forEach(each -> line("%-10s %2d  does not fit: %s", each.gpu(), each.degree(), each.reason()));
        }
    }

    private void verdict() {
        line("");
        named("lowest price an hour", plan.cheapest());
        named("lowest price a run", plan.cheapestRun());
        line("Speeds are predictions by roofline from data sheets; none was measured on a GPU.");
    }

    private void named(final String title, final Optional<Choice> choice) {
        choice.ifPresentOrElse(each -> line("%s: %d x %s (TP %d, %d replica%s), $%.2f an hour, $%.5f a run", title, each.gpus(), each.gpu(), each.degree(),
            each.replicas(), each.replicas() == 1 ? "" : "s", each.money().perHour(), each.money().perRun()), () -> line("%s: none fits", title));
    }
}
