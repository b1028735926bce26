package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.gateway.json.Fields;
import java.util.HashSet;
import java.util.Set;

/**
 * Tools with {@code defer_loading} are not told until a search of the client's has found them. Where the search would be run by their
 * maker's server nobody here can find them, so they are all told. Immutable; made per request.
 */
final class DeferredTools {
    /** Searches that their maker's server runs. */
    private static final String SERVER_SEARCH = "tool_search_tool";

    private final boolean searchedByServer;
    private final Set<String> found;

    private DeferredTools(final boolean searchedByServer, final Set<String> found) {
        this.searchedByServer = searchedByServer;
        this.found = found;
    }

    /** @param demanded a tool that the request names; "" = none */
    static DeferredTools of(final Fields body, final String demanded) {
        final Set<String> found = new HashSet<>();
        if (!demanded.isEmpty()) {
            found.add(demanded);
        }
        boolean byServer = false;
        boolean any = false;
        for (final JsonNode tool : body.array("tools")) {
            byServer |= tool.path("type").asText().startsWith(SERVER_SEARCH);
            any |= tool.path("defer_loading").asBoolean();
        }
        if (any && !byServer) {
            body.array("messages").forEach(message -> message.path("content").forEach(block -> find(block, found)));
        }
        return new DeferredTools(byServer, found);
    }

    /** A call says as much as a search: the client must have known the tool. What is malformed here is refused elsewhere. */
    private static void find(final JsonNode block, final Set<String> found) {
        switch (block.path("type").asText()) {
            case "tool_use" -> found.add(block.path("name").asText());
            case "tool_reference" -> found.add(block.path("tool_name").asText());
            case "tool_result" -> block.path("content").forEach(inner -> find(inner, found));
            default -> { }
        }
    }

    /** @return whether the model is not told of that tool */
    boolean isHeldBack(final Fields tool) {
        return tool.flag("defer_loading", false) && !searchedByServer && !found.contains(tool.requiredText("name"));
    }
}
