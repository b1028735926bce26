package io.spillway.gateway.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.gateway.prefix.PromptMemory.Blocks;
import io.spillway.gateway.prefix.PromptMemory.Encoded;
import io.spillway.gateway.prefix.PromptMemory.Owner;
import io.spillway.text.ModelText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** What is remembered gives the tokens and hashes that encoding the whole gives, whatever conversations look like. */
class PromptMemoryTest {
    private static final Path BROOK = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook");
    private static final List<ModelText> MODELS = List.of(ModelText.load(BROOK), ModelText.load(BROOK.resolve("brook-f16.gguf")));
    private static final Owner OWNER = new Owner(new TenantId("t"), new ModelId("m"));
    private static final Blocks BLOCKS = new Blocks(new BlockHash(7, 9), 16);
    private static final List<String> ODD = List.of("plain words ", "  ", "\n\n\n", "<|im_start|>", "<|im_end|>", "<|im_", "start|>", "é👩‍👩‍👧", "日本語",
        "</tool_call>", "<tool_call>", "0123456789", "don't", "\t \r\n", "<", "|>", "user\n", "assistant\n", "e\u0301", "\ud83d");

    private static PromptText text(final ModelText model, final String text) {
        return new PromptText(text, model::encodePrompt, model.cuts().stream().map(cut -> new PromptText.Marker(cut.text(), cut.token())).toList());
    }

    private static void check(final PromptMemory memory, final ModelText model, final String text) {
        final Encoded encoded = memory.encode(OWNER, text(model, text), BLOCKS);
        final int[] whole = model.encodePrompt(text);
        assertThat(encoded.tokens()).isEqualTo(whole);
        assertThat(encoded.chain()).isEqualTo(BlockHasher.chain(BLOCKS.root(), whole, 0, whole.length, BLOCKS.blockTokens()));
    }

    @Test
    void theBundledModelsTextsCanBeCut() {
        for (final ModelText model : MODELS) {
            assertThat(model.cuts()).extracting(cut -> cut.text()).contains("<|im_start|>", "<|im_end|>");
        }
    }

    /** The beginning of a conversation, cut where messages end, has the tokens it would have alone. */
    @Property(tries = 40)
    void aBeginningIsCountedAsIfItStoodAlone(@ForAll final long seed) {
        final Random random = new Random(seed);
        for (final ModelText model : MODELS) {
            final PromptMemory memory = new PromptMemory(1 << 20);
            final List<String> beginnings = new ArrayList<>();
            String text = "<|im_start|>system\n" + odd(random, 80) + "<|im_end|>\n";
            for (int turn = 0; turn < 4; turn++) {
                beginnings.add(text);
                text += "<|im_start|>user\n" + odd(random, 30) + "<|im_end|>\n";
            }
            memory.encode(OWNER, text(model, text), BLOCKS);
            beginnings.add(text + "more");
            for (final String beginning : beginnings) {
                assertThat(memory.count(OWNER, text(model, beginning))).isEqualTo(model.encodePrompt(beginning).length);
            }
        }
    }

    @Test
    void aBeginningOfAKnownPromptIsNotEncodedAgain() {
        final ModelText model = MODELS.getFirst();
        final PromptMemory memory = new PromptMemory(1 << 20);
        final String beginning = "<|im_start|>system\n" + "Be brief. ".repeat(200) + "<|im_end|>\n";
        memory.encode(OWNER, text(model, beginning + "<|im_start|>user\nhi<|im_end|>\n"), BLOCKS);
        final PromptText unreadable = new PromptText(beginning, any -> {
            throw new AssertionError("encoded");
        }, text(model, beginning).markers());
        assertThat(memory.count(OWNER, unreadable)).isEqualTo(model.encodePrompt(beginning).length);
    }

    /** Conversations that grow, are taken back, part and are sent again, with special tokens spelled out in odd places. */
    @Property(tries = 60)
    void anyConversationIsEncodedAsAWhole(@ForAll final long seed) {
        final Random random = new Random(seed);
        for (final ModelText model : MODELS) {
            final PromptMemory memory = new PromptMemory(1 << 20);
            final List<String> versions = new ArrayList<>(List.of("<|im_start|>system\n" + odd(random, 80) + "<|im_end|>\n"));
            for (int turn = 0; turn < 8; turn++) {
                final String before = versions.get(random.nextInt(versions.size()));
                final String kept = random.nextInt(3) == 0 ? before.substring(0, whole(before, random.nextInt(before.length() + 1))) : before;
                final String next = kept + "<|im_start|>user\n" + odd(random, 30) + "<|im_end|>\n<|im_start|>assistant\n";
                versions.add(next);
                check(memory, model, next);
            }
        }
    }

    private static String odd(final Random random, final int pieces) {
        final StringBuilder text = new StringBuilder();
        for (int i = 0; i < pieces; i++) {
            text.append(random.nextInt(3) == 0 ? ODD.get(random.nextInt(ODD.size())) : "some more words of a prompt, ");
        }
        return text.toString();
    }

    private static int whole(final String text, final int at) {
        return at < text.length() && Character.isLowSurrogate(text.charAt(at)) ? at - 1 : at;
    }

    @Test
    void onlyWhatWasAddedIsEncoded() {
        final List<Integer> encodedChars = new ArrayList<>();
        final Function<String, int[]> counting = text -> {
            encodedChars.add(text.length());
            return MODELS.getFirst().encodePrompt(text);
        };
        final PromptText before = text(MODELS.getFirst(), "<|im_start|>user\n" + "many words ".repeat(2000) + "<|im_end|>\n<|im_start|>assistant\n");
        final PromptMemory memory = new PromptMemory(8 << 20);
        memory.encode(OWNER, new PromptText(before.text(), counting, before.markers()), BLOCKS);
        memory.encode(OWNER, new PromptText(before.text() + "Good.<|im_end|>\n<|im_start|>user\nmore<|im_end|>", counting, before.markers()), BLOCKS);
        assertThat(encodedChars.get(0)).isEqualTo(before.text().length());
        assertThat(encodedChars.get(1)).isLessThan(120);
        assertThat(memory.reusedTokens()).isGreaterThan(3000);
    }

    @Test
    void anotherTenantsPromptIsNotLookedAt() {
        final PromptText prompt = text(MODELS.getFirst(), "<|im_start|>user\n" + "many words ".repeat(500) + "<|im_end|>\n");
        final PromptMemory memory = new PromptMemory(8 << 20);
        memory.encode(OWNER, prompt, BLOCKS);
        memory.encode(new Owner(new TenantId("other"), OWNER.model()), prompt, BLOCKS);
        assertThat(memory.reusedTokens()).isZero();
    }

    @Test
    void memoryIsBoundedAndEachOwnersPartToo() {
        final PromptMemory memory = new PromptMemory(400_000);
        for (int i = 0; i < 200; i++) {
            final Owner owner = new Owner(new TenantId("t" + i % 7), OWNER.model());
            memory.encode(owner, text(MODELS.getFirst(), "<|im_start|>user\n" + i + " many words".repeat(300 + i) + "<|im_end|>\n"), BLOCKS);
            assertThat(memory.bytes()).isBetween(0L, 400_000L);
        }
        final PromptMemory none = new PromptMemory(0);
        none.encode(OWNER, text(MODELS.getFirst(), "<|im_start|>user\n" + "many words ".repeat(500)), BLOCKS);
        assertThat(none.bytes()).isZero();
    }

    @Test
    void anotherModelsHashesAreNotTaken() {
        final PromptText prompt = text(MODELS.getFirst(), "<|im_start|>user\n" + "many words ".repeat(500) + "<|im_end|>\n<|im_start|>");
        final PromptMemory memory = new PromptMemory(8 << 20);
        memory.encode(OWNER, prompt, BLOCKS);
        final Blocks others = new Blocks(new BlockHash(1, 1), 16);
        final int[] tokens = MODELS.getFirst().encodePrompt(prompt.text());
        assertThat(memory.encode(OWNER, prompt, others).chain()).isEqualTo(BlockHasher.chain(others.root(), tokens, 0, tokens.length, 16));
    }
}
