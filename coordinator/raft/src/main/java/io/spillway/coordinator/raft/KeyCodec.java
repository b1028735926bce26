package io.spillway.coordinator.raft;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.access.KeyChange;
import io.spillway.coordinator.access.KeyTimes;
import io.spillway.coordinator.access.Scope;
import io.spillway.domain.id.TenantId;
import java.io.IOException;

/** API keys and their changes as bytes. Type numbers are never used again for something else. Pure functions; any thread. */
final class KeyCodec {
    private static final int ISSUE = 1;
    private static final int ROTATE = 2;
    private static final int REVOKE = 3;
    private static final int NOTE_USE = 4;

    private KeyCodec() {
    }

    static void write(final RecordWriter out, final KeyChange change) throws IOException {
        switch (change) {
            case KeyChange.Issue issue -> {
                out.writeByte(ISSUE);
                out.writeText(issue.tenant().value());
                write(out, issue.secret());
                out.writeText(issue.name());
                out.writeByte(Scope.bits(issue.scopes()));
                out.writeLong(issue.lifetimeMillis());
            }
            case KeyChange.Rotate rotate -> {
                out.writeByte(ROTATE);
                out.writeText(rotate.tenant().value());
                out.writeText(rotate.id());
                write(out, rotate.secret());
                out.writeLong(rotate.graceMillis());
                out.writeLong(rotate.lifetimeMillis());
            }
            case KeyChange.Revoke revoke -> {
                out.writeByte(REVOKE);
                out.writeText(revoke.tenant().value());
                out.writeText(revoke.id());
            }
            case KeyChange.NoteUse use -> {
                out.writeByte(NOTE_USE);
                out.writeList(use.sha256Hexes(), RecordWriter::writeText);
            }
        }
    }

    static KeyChange readChange(final RecordReader in) {
        final int type = in.readByte();
        return switch (type) {
            case ISSUE -> new KeyChange.Issue(new TenantId(in.readText()), readSecret(in), in.readText(), Scope.ofBits(in.readByte()),
                in.readLong());
            case ROTATE -> new KeyChange.Rotate(new TenantId(in.readText()), in.readText(), readSecret(in), in.readLong(), in.readLong());
            case REVOKE -> new KeyChange.Revoke(new TenantId(in.readText()), in.readText());
            case NOTE_USE -> new KeyChange.NoteUse(in.readList(RecordReader::readText));
            default -> throw new IllegalArgumentException("unknown change of keys " + type);
        };
    }

    private static void write(final RecordWriter out, final KeyChange.Secret secret) throws IOException {
        out.writeText(secret.sha256Hex());
        out.writeText(secret.hint());
    }

    private static KeyChange.Secret readSecret(final RecordReader in) {
        return new KeyChange.Secret(in.readText(), in.readText());
    }

    static void write(final RecordWriter out, final ApiKey key) throws IOException {
        out.writeText(key.sha256Hex());
        out.writeText(key.tenant().value());
        out.writeText(key.name());
        out.writeText(key.hint());
        out.writeByte(Scope.bits(key.scopes()));
        out.writeLong(key.times().createdMillis());
        out.writeLong(key.times().expiresMillis());
        out.writeLong(key.times().lastUsedMillis());
        out.writeLong(key.times().revokedMillis());
        out.writeText(key.successor());
    }

    static ApiKey readKey(final RecordReader in) {
        return new ApiKey(in.readText(), new TenantId(in.readText()), in.readText(), in.readText(), Scope.ofBits(in.readByte()),
            new KeyTimes(in.readLong(), in.readLong(), in.readLong(), in.readLong()), in.readText());
    }

    /** Before keys had scopes, each was good for everything and for ever. */
    static ApiKey readUnboundedKey(final RecordReader in) {
        return ApiKey.unbounded(in.readText(), new TenantId(in.readText()), in.readText());
    }
}
