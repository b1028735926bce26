package io.spillway.text.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How a vocabulary writes bytes as text. */
enum TokenSpelling {
    /** As they are, in UTF-8. */
    PLAIN {
        @Override
        byte[] bytes(final String token) {
            return token.getBytes(StandardCharsets.UTF_8);
        }
    },
    /** GPT-2's: every byte is one visible character. */
    BYTE_LEVEL {
        @Override
        byte[] bytes(final String token) {
            final ByteArrayOutputStream out = new ByteArrayOutputStream(token.length());
            for (int i = 0; i < token.length(); i++) {
                final int value = token.charAt(i) < BYTE_OF.length ? BYTE_OF[token.charAt(i)] : -1;
                if (value < 0) {
                    return PLAIN.bytes(token);
                }
                out.write(value);
            }
            return out.toByteArray();
        }
    },
    /** SentencePiece's: U+2581 is a space, {@code <0x0A>} a byte. */
    SENTENCE_PIECE {
        @Override
        byte[] bytes(final String token) {
            final Matcher single = SINGLE_BYTE.matcher(token);
            return single.matches()
                ? new byte[] {(byte) Integer.parseInt(single.group(1), 16)}
                : PLAIN.bytes(token.replace('\u2581', ' '));
        }
    };

    private static final Pattern SINGLE_BYTE = Pattern.compile("<0x([0-9A-Fa-f]{2})>");
    private static final int[] BYTE_OF = byteOf();

    /** @return the bytes that a token stands for */
    abstract byte[] bytes(String token);

    /** Visible Latin-1 characters stand for themselves, the other bytes for U+0100 and up, in order. */
    private static int[] byteOf() {
        final int[] table = new int[0x100 + 68];
        java.util.Arrays.fill(table, -1);
        int next = 0x100;
        for (int value = 0; value < 0x100; value++) {
            final boolean visible = value >= '!' && value <= '~' || value >= 0xa1 && value <= 0xac || value >= 0xae;
            table[visible ? value : next++] = value;
        }
        return table;
    }
}
