package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.gateway.json.Fields;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The conversation, as templates expect it.
 *
 * @param messages system first, where there is any
 * @param open     whether the last message is the assistant's, for the model to go on with
 */
record TurnBody(List<Map<String, Object>> messages, boolean open) {
    private static final Set<String> SYSTEM_ROLES = Set.of("system", "developer");
    private static final Set<String> USER_ROLES = Set.of("user", "ctx", "msg");

    /** A conversation that is being read. */
    private static final class Reading {
        private final CacheMarks marks;
        private final List<String> system;
        private final List<Map<String, Object>> messages = new ArrayList<>();
        private Turn turn;
        private List<Block.Call> asked = List.of();
        private final Set<String> made = new HashSet<>();

        Reading(final List<String> system, final CacheMarks marks) {
            this.system = new ArrayList<>(system);
            this.marks = marks;
        }

        void say(final boolean assistant) {
            if (turn == null) {
                beginWithSystem();
            }
            if (turn == null || turn.assistant() != assistant) {
                endTurn();
                turn = new Turn(assistant);
            }
        }

        /** @throws io.spillway.domain.error.SpillwayException for the result of a call that no message before it makes */
        void take(final Block block, final Fields from) {
            if (block instanceof Block.Call call) {
                made.add(call.id());
            } else if (block instanceof Block.Result result && !made.contains(result.callId())) {
                throw from.invalid("tool_use_id", "no message before it has a tool_use block with the id '" + result.callId() + "'.");
            }
            turn.blocks().add(block);
        }

        private void beginWithSystem() {
            if (system.size() == 1) {
                messages.add(Turn.message("system", system.getFirst()));
            } else if (!system.isEmpty()) {
                messages.add(Turn.message("system", system.stream().map(Turn::part).toList()));
            }
            marks.reach(messages.size());
        }

        void endTurn() {
            if (turn != null) {
                messages.addAll(turn.messages(asked));
                asked = turn.calls();
                marks.reach(messages.size());
            }
        }
    }

    static TurnBody read(final Fields body, final List<String> system, final CacheMarks marks) {
        if (!body.has("messages")) {
            throw body.missing("messages");
        }
        final Reading reading = new Reading(system, marks);
        for (final Fields message : body.objects("messages")) {
            message(message, reading);
        }
        if (reading.turn == null) {
            throw body.invalid("messages", "at least one message is required.");
        }
        final boolean open = reading.turn.assistant();
        if (open && !reading.turn.calls().isEmpty()) {
            throw body.invalid("messages", "tool_use ids were found without tool_result blocks after them: " + ids(reading.turn) + ".");
        }
        reading.endTurn();
        marks.take(body);
        marks.reach(reading.messages.size());
        final boolean empty = open && "".equals(reading.messages.getLast().get("content"));
        return new TurnBody(empty ? reading.messages.subList(0, reading.messages.size() - 1) : reading.messages, open && !empty);
    }

    private static String ids(final Turn turn) {
        return String.join(", ", turn.calls().stream().map(Block.Call::id).toList());
    }

    private static void message(final Fields message, final Reading reading) {
        final String role = message.requiredText("role");
        if (SYSTEM_ROLES.contains(role)) {
            system(message, reading);
            return;
        }
        final boolean assistant = role.equals("assistant");
        if (!assistant && !USER_ROLES.contains(role)) {
            throw message.invalid("role", "'" + role + "' is not one of user, assistant, system.");
        }
        reading.say(assistant);
        final JsonNode content = message.value("content").orElseThrow(() -> message.missing("content"));
        if (content.isTextual()) {
            reading.turn.blocks().add(new Block.Text(content.textValue()));
            return;
        }
        final List<Fields> blocks = message.objects("content");
        for (final Fields block : blocks) {
            BlockBody.read(block, assistant).ifPresent(read -> reading.take(read, block));
            reading.marks.take(block);
        }
        if (blocks.isEmpty() && !assistant) {
            throw message.invalid("content", "messages of the user must have content.");
        }
    }

    /**
     * Before anybody spoke, it is one more system text. Later it stays where it is, as words of the user's that are marked: few
     * templates know a system message there, and at the head it would change what all requests before shared.
     */
    private static void system(final Fields message, final Reading reading) {
        message.value("content").orElseThrow(() -> message.missing("content"));
        final String text = BlockBody.text(message, "content");
        if (message.value("content").get().isArray()) {
            message.objects("content").forEach(reading.marks::take);
        }
        if (reading.turn == null) {
            reading.system.add(text);
        } else {
            reading.say(false);
            reading.turn.blocks().add(new Block.Text("<system-reminder>\n" + text + "\n</system-reminder>"));
        }
    }}
