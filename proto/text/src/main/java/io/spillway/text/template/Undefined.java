package io.spillway.text.template;

/** The value of a name that has none. Prints as nothing, is false, is empty; anything deeper is a fault. */
record Undefined(String name) {
    TemplateFault fault() {
        return new TemplateFault("'" + name + "' is undefined");
    }
}
