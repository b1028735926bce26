package io.spillway.local.command;

import io.spillway.local.cluster.Ending;
import io.spillway.local.cluster.RunFile;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Ends the cluster that {@code up} started: only processes whose pid and start time are written down. */
@Command(name = "down", description = "End the cluster that `up` started.")
public final class DownCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private Places places;

    @Override
    public Integer call() {
        final PrintWriter err = spec.commandLine().getErr();
        final Optional<RunFile> run = RunFile.read(places.dataDir());
        if (run.isEmpty()) {
            err.println("spillway: nothing runs in " + places.dataDir());
            return 0;
        }
        final int ended = Ending.end(run.get().processes(), line -> err.println("spillway: " + line));
        RunFile.delete(places.dataDir());
        err.println(ended == 0 ? "spillway: the cluster had ended already" : "spillway: ended " + ended + " process" + (ended == 1 ? "" : "es"));
        return 0;
    }
}
