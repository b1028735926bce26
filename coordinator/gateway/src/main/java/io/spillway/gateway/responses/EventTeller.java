package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.json.Json;
import java.util.function.Consumer;

/** Numbers the events of a response, from 0 without gaps, and hands them on. Owned by the thread that runs the response. */
final class EventTeller {
    private final Consumer<ObjectNode> out;
    private long next;

    EventTeller(final Consumer<ObjectNode> out) {
        this.out = out;
    }

    /** @return a new event, for {@link #tell} */
    static ObjectNode event(final String type) {
        return Json.object().put("type", type);
    }

    /** Hands on an event; its {@code type} is its name. */
    void tell(final ObjectNode event) {
        out.accept(event.put("sequence_number", next++));
    }

    /** Hands on an event that carries the whole response. */
    void tell(final String type, final ObjectNode response) {
        final ObjectNode event = event(type);
        event.set("response", response);
        tell(event);
    }

    /** One item of the output, as its events name it. */
    final class Item {
        private final String id;
        private final int outputIndex;

        Item(final String id, final int outputIndex) {
            this.id = id;
            this.outputIndex = outputIndex;
        }

        String id() {
            return id;
        }

        void added(final ObjectNode item) {
            tell(whole("response.output_item.added", item));
        }

        void done(final ObjectNode item) {
            tell(whole("response.output_item.done", item));
        }

        private ObjectNode whole(final String type, final ObjectNode item) {
            final ObjectNode event = event(type).put("output_index", outputIndex);
            event.set("item", item);
            return event;
        }

        /** @return a new event of this item, for {@link #tell} */
        ObjectNode event(final String type) {
            return EventTeller.event(type).put("item_id", id).put("output_index", outputIndex);
        }
    }
}
