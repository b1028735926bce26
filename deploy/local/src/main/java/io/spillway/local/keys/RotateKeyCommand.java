package io.spillway.local.keys;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.local.command.HelpOption;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Gives a key a successor; both are taken for a while. */
@Command(name = "rotate", description = "Give a key a successor of the same name and scopes; both are taken until the time of grace is over.")
public final class RotateKeyCommand implements Runnable {
    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private KeysTarget target;
    @Parameters(paramLabel = "ID", description = "the key's id, as `keys list` shows it")
    private String id;
    @Option(names = "--grace", paramLabel = "TIME", defaultValue = "24h",
        description = "how long the old one is taken still; 0s revokes it at once (default: ${DEFAULT-VALUE})")
    private String grace;
    @Option(names = "--expires", paramLabel = "TIME", description = "how long the new one lives (default: as long as the old one was given)")
    private String expires;
    @Option(names = "--json", description = "print the whole key as one line of JSON")
    private boolean json;

    @Override
    public void run() {
        final ObjectNode how = KeysClient.JSON.createObjectNode();
        NewKey.put(how, "grace_seconds", "--grace", grace);
        NewKey.put(how, "expires_in_seconds", "--expires", expires);
        final Optional<LocalKey> own = target.local().filter(local -> local.is(id));
        final JsonNode next = target.client().rotate(id, how);
        NewKey.print(spec, next, json);
        own.ifPresent(local -> {
            local.replace(next.path("secret").asText());
            spec.commandLine().getErr().println("spillway: the cluster's own commands use it from now on (" + local.file() + ")");
        });
    }
}
