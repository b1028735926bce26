package io.spillway.node.speculation;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.kv.KvLayout;
import io.spillway.node.model.LanguageModel;
import java.lang.foreign.MemorySegment;

/**
 * A smaller model that writes drafts for a larger one. All of it is borrowed; the owner closes it after the engine.
 *
 * @param model  with the tokenizer of the model it drafts for
 * @param layout of its own blocks; as many tokens each as the larger model's
 * @param slab   room for {@code blocks} of them
 */
public record DraftModel(LanguageModel model, KvLayout layout, MemorySegment slab, int blocks) {
    public DraftModel {
        requireNonNull(model, "model");
        requireNonNull(layout, "layout");
        requireNonNull(slab, "slab");
        if (blocks < 1) {
            throw new IllegalArgumentException("a draft model needs at least one block, not " + blocks);
        }
    }
}
