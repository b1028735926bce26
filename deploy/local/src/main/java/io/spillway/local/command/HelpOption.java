package io.spillway.local.command;

import picocli.CommandLine.Option;

/** {@code --help}, mixed into every command. */
public final class HelpOption {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "show this help")
    private boolean asked;
}
