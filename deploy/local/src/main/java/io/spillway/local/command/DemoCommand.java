package io.spillway.local.command;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.local.demo.Demo;
import io.spillway.local.demo.DemoReport;
import io.spillway.local.demo.Episode;
import io.spillway.local.demo.EpisodeFile;
import io.spillway.local.demo.EpisodeResult;
import io.spillway.local.demo.ModelCard;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the bundled customer-support episodes through the OpenAI API. Exit status 1 when the API failed in any of them. */
@Command(name = "demo", description = "Run the bundled customer-support agent on real episodes, through the OpenAI API with tool calls.")
public final class DemoCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private Target target;
    @Option(names = "--episodes", paramLabel = "FILE", description = "episodes, one JSON object per line, tools.json beside them (default: the bundled ones)")
    private Path episodes;
    @Option(names = "--limit", paramLabel = "N", description = "run only the first N episodes")
    private Integer limit;
    @Option(names = "--concurrency", paramLabel = "N", defaultValue = "4", description = "episodes at once (default: ${DEFAULT-VALUE})")
    private int concurrency;
    @Option(names = "--temperature", paramLabel = "T", defaultValue = "0", description = "sample the answers, 0 to 2; the model card is greedy (default: ${DEFAULT-VALUE})")
    private double temperature;
    @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "with --temperature: another one gives other answers (default: ${DEFAULT-VALUE})")
    private long seed;
    @Option(names = "--json", description = "print one line of JSON; progress goes to stderr")
    private boolean json;

    @Override
    public Integer call() {
        final Path file = Optional.ofNullable(episodes)
            .orElseGet(() -> Places.root().resolve("deploy/local/models/brook/episodes/episodes.jsonl"));
        final List<Episode> chosen = limited(EpisodeFile.read(file));
        final Target.Api api = target.api();
        final PrintWriter progress = json ? spec.commandLine().getErr() : spec.commandLine().getOut();
        final long beganNanos = System.nanoTime();
        final List<EpisodeResult> results = new Demo(api.baseUrl(), api.apiKey(), api.model(), new Demo.Conditions(concurrency, temperature, seed), System::nanoTime).run(chosen, EpisodeFile.tools(file), result -> {
                progress.println(DemoReport.line(result));
                progress.flush();
            });
        final DemoReport report = new DemoReport(results, ModelCard.beside(file, api.model()), (System.nanoTime() - beganNanos) / 1e9);
        spec.commandLine().getOut().println(json ? report.toJson() : report.summary());
        return results.stream().anyMatch(EpisodeResult::broken) ? 1 : 0;
    }

    private List<Episode> limited(final List<Episode> all) {
        if (limit != null && limit < 1) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "limit", "--limit must be at least 1, got " + limit);
        }
        return limit == null ? all : all.subList(0, Math.min(limit, all.size()));
    }
}
