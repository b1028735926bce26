package io.spillway.text.template;

import java.util.List;

/** A Python generator: always true, without a length, and empty once it has been walked. Owned by the rendering thread. */
final class Generated {
    private List<Object> items;

    Generated(final List<Object> items) {
        this.items = items;
    }

    List<Object> take() {
        final List<Object> taken = items;
        items = List.of();
        return taken;
    }
}
