package io.spillway.local.command;

import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints the version of Spillway and of the Java that runs it. */
@Command(name = "version", description = "Print the version.")
public final class VersionCommand implements Runnable {
    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;

    @Override
    public void run() {
        final String version = Optional.ofNullable(VersionCommand.class.getPackage().getImplementationVersion()).orElse("development");
        spec.commandLine().getOut().println("spillway " + version + " (Java " + Runtime.version() + ")");
    }
}
