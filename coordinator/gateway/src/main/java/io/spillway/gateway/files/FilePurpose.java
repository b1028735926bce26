package io.spillway.gateway.files;

import java.util.Arrays;
import java.util.Optional;

/** What a file is for. */
public enum FilePurpose {
    /** Input of a batch. */
    BATCH("batch", true),
    /** Anything. */
    USER_DATA("user_data", true),
    /** Kept for its owner; nothing here reads it. */
    ASSISTANTS("assistants", true),
    /** Kept for its owner; nothing here reads it. */
    VISION("vision", true),
    /** Kept for its owner; nothing here reads it. */
    FINE_TUNE("fine-tune", true),
    /** Made by a batch. */
    BATCH_OUTPUT("batch_output", false);

    private final String text;
    private final boolean uploadable;

    FilePurpose(final String text, final boolean uploadable) {
        this.text = text;
        this.uploadable = uploadable;
    }

    /** @return its name in the API */
    public String text() {
        return text;
    }

    /** @return whether clients may upload files for it */
    public boolean uploadable() {
        return uploadable;
    }

    /** @return the purpose of that name */
    public static Optional<FilePurpose> of(final String text) {
        return Arrays.stream(values()).filter(purpose -> purpose.text.equals(text)).findFirst();
    }
}
