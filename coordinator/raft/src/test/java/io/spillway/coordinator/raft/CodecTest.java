package io.spillway.coordinator.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.access.Scope;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.StateImage;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import java.nio.ByteBuffer;
import java.util.Arrays;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class CodecTest {
    @Provide
    Arbitrary<Command> commands() {
        return Images.commands();
    }

    @Provide
    Arbitrary<CommandResult> results() {
        return Images.results();
    }

    @Provide
    Arbitrary<StateImage> images() {
        return Images.images();
    }

    @Provide
    Arbitrary<String> names() {
        return Images.names();
    }

    private static byte[] encode(final StateImage image) {
        return RecordWriter.bytesOf(out -> ImageCodec.write(out, image));
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void aCommandComesBackAsItWas(@ForAll("names") final String id, @ForAll("commands") final Command command) {
        final byte[] bytes = CommandCodec.encode(id, command);
        final CommandCodec.Proposal back = CommandCodec.decode(ByteBuffer.wrap(bytes));
        assertThat(back.commandId()).isEqualTo(id);
        assertThat(back.command()).usingRecursiveComparison().isEqualTo(command);
        assertThat(CommandCodec.encode(back.commandId(), back.command())).isEqualTo(bytes);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void anAnswerComesBackAsItWas(@ForAll("results") final CommandResult result) {
        assertThat(ResultCodec.decode(ByteBuffer.wrap(ResultCodec.encode(result)))).isEqualTo(result);
    }

    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
    void anImageComesBackAsItWas(@ForAll("images") final StateImage image) {
        assertThat(ImageCodec.decode(ByteBuffer.wrap(encode(image)))).isEqualTo(image);
    }

    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
    void cutAnywhereItIsDamaged(@ForAll("commands") final Command command) {
        final byte[] bytes = CommandCodec.encode("id", command);
        for (int length = 0; length < bytes.length; length++) {
            final ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> CommandCodec.decode(cut)).isInstanceOf(SpillwayException.class);
        }
        final ByteBuffer longer = ByteBuffer.wrap(Arrays.copyOf(bytes, bytes.length + 1));
        assertThatThrownBy(() -> CommandCodec.decode(longer)).isInstanceOf(SpillwayException.class);
    }

    /** Anything else than a {@link SpillwayException} would be a way for a bad disk to surprise us. */
    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void anyBytesAreReadOrRefused(@ForAll final byte[] garbage) {
        assertThatCode(() -> {
            try {
                CommandCodec.decode(ByteBuffer.wrap(garbage));
            } catch (final SpillwayException e) {
                assertThat(e).hasMessageContaining("a command in the log");
            }
        }).doesNotThrowAnyException();
    }

    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
    void aFlippedByteIsReadOrRefused(@ForAll("images") final StateImage image, @ForAll final int position) {
        final byte[] bytes = encode(image);
        bytes[Math.floorMod(position, bytes.length)] ^= 0x41;
        assertThatCode(() -> {
            try {
                ImageCodec.decode(ByteBuffer.wrap(bytes));
            } catch (final SpillwayException e) {
                assertThat(e).hasMessageContaining("the snapshot");
            }
        }).doesNotThrowAnyException();
    }

    @Test
    void anotherVersionIsNamed() {
        final byte[] command = CommandCodec.encode("id", new Command.ExpireLeases());
        command[0] = 9;
        assertThatThrownBy(() -> CommandCodec.decode(ByteBuffer.wrap(command)))
            .hasMessageContaining("version 9").hasMessageContaining("version 1");
        final byte[] image = encode(StateImage.EMPTY);
        image[0] = 9;
        assertThatThrownBy(() -> ImageCodec.decode(ByteBuffer.wrap(image))).hasMessageContaining("version 9").hasMessageContaining("version 3");
    }

    /** Snapshots outlive releases: the first ones knew no batches. */
    @Test
    void anImageOfTheFirstVersionStaysReadable() {
        final byte[] now = encode(StateImage.EMPTY);
        final byte[] first = Arrays.copyOf(now, now.length - Integer.BYTES - Integer.BYTES);
        first[0] = 1;
        assertThat(ImageCodec.decode(ByteBuffer.wrap(first))).isEqualTo(StateImage.EMPTY);
    }

    /** Before keys had scopes: written by the release of that time. */
    @Test
    void aKeyOfASnapshotWithoutScopesIsGoodForEverything() {
        final String none = "00000000";
        final byte[] second = java.util.HexFormat.of().parseHex("02" + "0000000000000007" + "0000000000000000" + none + none
            + "00000001" + "00000003" + "616263" + "00000004" + "61636d65" + "00000009" + "626f6f747374726170" + none + none + none + none);
        assertThat(ImageCodec.decode(ByteBuffer.wrap(second)).keys())
            .containsExactly(ApiKey.unbounded("abc", new TenantId("acme"), "bootstrap"));
        assertThat(ImageCodec.decode(ByteBuffer.wrap(second)).keys().getFirst().scopes()).containsExactly(Scope.values());
    }

    /** The log outlives releases: these bytes must stay readable. */
    @Test
    void bytesOfTheFirstVersionStayReadable() {
        final byte[] bytes = java.util.HexFormat.of().parseHex("01" + "00000002" + "6964" + "07" + "00000003" + "616263");
        assertThat(CommandCodec.decode(ByteBuffer.wrap(bytes)))
            .isEqualTo(new CommandCodec.Proposal("id", new Command.RevokeApiKey("abc")));
        final byte[] create = java.util.HexFormat.of().parseHex("01" + "00000002" + "6964" + "06" + "00000004" + "61636d65"
            + "00000003" + "616263" + "00000009" + "626f6f747374726170");
        assertThat(CommandCodec.decode(ByteBuffer.wrap(create)).command())
            .isEqualTo(new Command.CreateApiKey(new TenantId("acme"), "abc", "bootstrap"));
    }
}
