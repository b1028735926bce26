package io.spillway.gateway.responses;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names the items of one response, so that an item's name tells which response it is of. Immutable; any thread.
 *
 * @param response id of the response
 */
record ItemIds(String response) {
    /** What ids of responses begin with. */
    static final String RESPONSE = "resp_";
    private static final Pattern ITEM = Pattern.compile("[a-z]{2,4}_([0-9a-f]{32})_i?\\d{1,6}");

    /** @return the id of the response that the item is of; empty when the id is not one of ours */
    static Optional<String> responseOf(final String item) {
        final Matcher matcher = ITEM.matcher(item);
        return matcher.matches() ? Optional.of(RESPONSE + matcher.group(1)) : Optional.empty();
    }

    /** @return the name of an item of the input */
    String input(final String type, final int index) {
        return name(type) + "i" + index;
    }

    /** @return the name of an item of the output */
    String output(final String type, final int index) {
        return name(type) + index;
    }

    private String name(final String type) {
        final String prefix = switch (type) {
            case "message" -> "msg_";
            case "function_call" -> "fc_";
            case "custom_tool_call" -> "ctc_";
            case "function_call_output" -> "fco_";
            case "custom_tool_call_output" -> "ctco_";
            case "reasoning" -> "rs_";
            default -> "item_";
        };
        return prefix + response.substring(RESPONSE.length()) + "_";
    }
}
