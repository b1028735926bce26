package io.spillway.sdk;

/** What is wanted of a call's tools. */
public sealed interface ToolChoice {
    /** The model decides. */
    ToolChoice AUTO = new Mode("auto");
    /** No call. */
    ToolChoice NONE = new Mode("none");
    /** At least one call, of whichever tool. */
    ToolChoice REQUIRED = new Mode("required");

    /** @return a call of that tool */
    static ToolChoice tool(final String name) {
        return new Named(name);
    }

    /** @return how the wire says it */
    String text();

    /** One of the constants. */
    record Mode(String text) implements ToolChoice {
    }

    /** A tool by its name. */
    record Named(String name) implements ToolChoice {
        @Override
        public String text() {
            return "tool:" + name;
        }
    }
}
