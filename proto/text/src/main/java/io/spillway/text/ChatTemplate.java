package io.spillway.text;

import io.spillway.domain.time.EpochClock;
import io.spillway.text.template.Template;
import io.spillway.text.reasoning.ReasoningFormat;
import io.spillway.text.tools.ToolFormat;

/** A model's chat template with what was learnt from its source. Immutable. */
record ChatTemplate(Template template, ChatShape shape, ToolFormat toolFormat, ReasoningFormat reasoningFormat) {
    static ChatTemplate of(final String source, final EpochClock clock) {
        return new ChatTemplate(Template.compile(source, clock), ChatShape.of(source), ToolFormat.of(source), ReasoningFormat.of(source));
    }
}
