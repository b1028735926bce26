package io.spillway.local.keys;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.local.command.HelpOption;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes a key and prints its secret, once. */
@Command(name = "create", description = "Make a key; its secret is printed once, on stdout.")
public final class CreateKeyCommand implements Runnable {
    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private KeysTarget target;
    @Option(names = "--name", paramLabel = "NAME", required = true, description = "what the key is for, as lists show it")
    private String name;
    @Option(names = "--scope", paramLabel = "SCOPE", split = ",", defaultValue = "inference,usage",
        description = "inference, usage, admin, console; several with commas (default: ${DEFAULT-VALUE})")
    private List<String> scopes;
    @Option(names = "--expires", paramLabel = "TIME", description = "how long it lives, for instance 30d or 12h (default: for ever)")
    private String expires;
    @Option(names = "--json", description = "print the whole key as one line of JSON")
    private boolean json;

    @Override
    public void run() {
        final ObjectNode wanted = KeysClient.JSON.createObjectNode().put("name", name);
        final ArrayNode list = wanted.putArray("scopes");
        scopes.forEach(list::add);
        NewKey.put(wanted, "expires_in_seconds", "--expires", expires);
        NewKey.print(spec, target.client().create(wanted), json);
    }
}
