package io.spillway.text.template;

import java.util.List;

/** The {@code loop} of a {@code for}. Owned by the rendering thread. */
final class LoopState {
    private final List<Object> items;
    private final int depth;
    private int at = -1;
    private Object lastChanged;
    private boolean everChanged;

    /** @param depth from 1 */
    LoopState(final List<Object> items, final int depth) {
        this.items = items;
        this.depth = depth;
    }

    Object advance() {
        return items.get(++at);
    }

    Object get(final String name) {
        return switch (name) {
            case "index" -> (long) at + 1;
            case "index0" -> (long) at;
            case "revindex" -> (long) items.size() - at;
            case "revindex0" -> (long) items.size() - at - 1;
            case "first" -> at == 0;
            case "last" -> at == items.size() - 1;
            case "length" -> (long) items.size();
            case "depth" -> (long) depth;
            case "depth0" -> (long) depth - 1;
            case "previtem" -> at > 0 ? items.get(at - 1) : new Undefined("loop.previtem");
            case "nextitem" -> at + 1 < items.size() ? items.get(at + 1) : new Undefined("loop.nextitem");
            case "cycle" -> (Callable) this::cycle;
            case "changed" -> (Callable) this::changed;
            default -> new Undefined("loop." + name);
        };
    }

    private Object cycle(final Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            throw new TemplateFault("loop.cycle has nothing to cycle through");
        }
        return arguments.positional().get(at % arguments.positional().size());
    }

    private Object changed(final Arguments arguments) {
        final Object now = new Tuple(arguments.positional());
        final boolean changed = !everChanged || !Values.equal(lastChanged, now);
        everChanged = true;
        lastChanged = now;
        return changed;
    }
}
