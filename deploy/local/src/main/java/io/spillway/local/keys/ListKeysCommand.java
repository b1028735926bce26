package io.spillway.local.keys;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.local.command.HelpOption;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lists the tenant's keys, those that ended lately among them. */
@Command(name = "list", description = "List the keys, without their secrets; times are UTC.")
public final class ListKeysCommand implements Runnable {
    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private KeysTarget target;
    @Option(names = "--json", description = "print one line of JSON per key")
    private boolean json;

    @Override
    public void run() {
        final JsonNode keys = target.client().list();
        final PrintWriter out = spec.commandLine().getOut();
        if (json) {
            keys.forEach(out::println);
        } else {
            KeyTable.lines(keys).forEach(out::println);
        }
        out.flush();
    }
}
