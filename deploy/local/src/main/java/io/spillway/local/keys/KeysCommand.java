package io.spillway.local.keys;

import io.spillway.local.command.HelpOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Makes, lists, rotates and revokes API keys. */
@Command(name = "keys", description = "Make, list, rotate and revoke API keys.",
    subcommands = {CreateKeyCommand.class, ListKeysCommand.class, RotateKeyCommand.class, RevokeKeyCommand.class})
public final class KeysCommand implements Runnable {
    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "keys what? create, list, rotate or revoke");
    }
}
