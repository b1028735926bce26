package io.spillway.local.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Judges a model by its own predictions, without a cluster. */
@Command(name = "eval", description = "Judge a model by its own predictions.", subcommands = {EvalLogitsCommand.class, EvalPerplexityCommand.class})
public final class EvalCommand implements Runnable {
    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "eval what? logits or perplexity");
    }
}
