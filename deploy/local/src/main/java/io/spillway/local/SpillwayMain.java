package io.spillway.local;

import io.spillway.domain.error.SpillwayException;
import io.spillway.local.command.ChatCommand;
import io.spillway.local.command.DemoCommand;
import io.spillway.local.command.DownCommand;
import io.spillway.local.command.EvalCommand;
import io.spillway.local.command.HelpOption;
import io.spillway.local.command.LogsCommand;
import io.spillway.local.command.PlanCommand;
import io.spillway.local.command.QuantizeCommand;
import io.spillway.local.command.StatusCommand;
import io.spillway.local.command.UpCommand;
import io.spillway.local.command.VersionCommand;
import io.spillway.local.keys.KeysCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * The {@code spillway} command line. Exit status: 0 done, 1 failed with one line on stderr that says why, 2 wrong usage,
 * 3 nothing runs.
 */
@Command(name = "spillway", description = "Self-hosted serving for LLM agents.",
    subcommands = {UpCommand.class, DownCommand.class, StatusCommand.class, LogsCommand.class, ChatCommand.class,
        DemoCommand.class, EvalCommand.class, KeysCommand.class, PlanCommand.class, QuantizeCommand.class, VersionCommand.class})
public final class SpillwayMain implements Runnable {
    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;

    private SpillwayMain() {
    }

    /** Runs one command and ends the JVM with its status. */
    public static void main(final String[] args) {
        // The command line itself logs nothing unless it becomes a server: UpCommand chooses its own log before the first logger is made.
        System.exit(commandLine().execute(args));
    }

    /** @return the whole command line, for its tests too */
    public static CommandLine commandLine() {
        final CommandLine line = new CommandLine(new SpillwayMain());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler((e, args) -> {
            e.getCommandLine().getErr().println("spillway: " + e.getMessage());
            e.getCommandLine().getErr().println("try: " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
            return CommandLine.ExitCode.USAGE;
        });
        line.setExecutionExceptionHandler((e, failed, parsed) -> {
            if (e instanceof final SpillwayException known) {
                failed.getErr().println("spillway: " + known.getMessage());
            } else {
                failed.getErr().println("spillway: this is a bug: " + e);
                e.printStackTrace(failed.getErr());
            }
            return CommandLine.ExitCode.SOFTWARE;
        });
        return line;
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getErr());
    }
}
