package io.spillway.local.keys;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.local.command.HelpOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Ends a key at once. */
@Command(name = "revoke", description = "End a key at once.")
public final class RevokeKeyCommand implements Runnable {
    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private KeysTarget target;
    @Parameters(paramLabel = "ID", description = "the key's id, as `keys list` shows it")
    private String id;
    @Option(names = "--force", description = "even the key that the local cluster's own commands use")
    private boolean force;

    @Override
    public void run() {
        target.local().filter(local -> !force && local.is(id)).ifPresent(local -> {
            throw new SpillwayException(ErrorCode.WRONG_STATE, id + " is the key in " + local.file() + ", which the cluster's own commands use;"
                + " rotate it (`keys rotate --grace 0s " + id + "`), or give --force");
        });
        target.client().revoke(id);
        spec.commandLine().getErr().println("spillway: " + id + " is revoked");
    }
}
