package io.spillway.coordinator.raft;

import io.spillway.coordinator.state.Command;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.TenantId;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Commands as they stand in the log. Layout: version, command id, type, fields. Type numbers are never used again for
 * something else. Pure functions; any thread.
 */
final class CommandCodec {
    static final int VERSION = 1;
    private static final String WHAT = "a command in the log";
    private static final int REGISTER_NODE = 1;
    private static final int RENEW_LEASES = 2;
    private static final int EXPIRE_LEASES = 3;
    private static final int DEREGISTER_NODE = 4;
    private static final int CREATE_TENANT = 5;
    private static final int CREATE_API_KEY = 6;
    private static final int REVOKE_API_KEY = 7;
    private static final int SETTLE_USAGE = 8;
    private static final int CHANGE_BATCH = 9;
    private static final int ADOPT_FILES = 10;
    private static final int CHANGE_KEYS = 11;

    private CommandCodec() {
    }

    /** A command under the id it was proposed with. */
    record Proposal(String commandId, Command command) {
    }

    static byte[] encode(final String commandId, final Command command) {
        return RecordWriter.bytesOf(out -> {
            out.writeByte(VERSION);
            out.writeText(commandId);
            write(out, command);
        });
    }

    /** @throws io.spillway.domain.error.SpillwayException for bytes of another version, or damaged ones */
    static Proposal decode(final ByteBuffer bytes) {
        return RecordReader.read(WHAT, bytes, in -> {
            in.expectVersion(WHAT, VERSION);
            return new Proposal(in.readText(), read(in));
        });
    }

    private static void write(final RecordWriter out, final Command command) throws IOException {
        switch (command) {
            case Command.RegisterNode register -> {
                out.writeByte(REGISTER_NODE);
                MemberCodec.write(out, register.descriptor());
                out.writeLong(register.leaseMillis());
            }
            case Command.RenewLeases renew -> {
                out.writeByte(RENEW_LEASES);
                out.writeList(renew.leases(), MemberCodec::write);
                out.writeLong(renew.leaseMillis());
            }
            case Command.ExpireLeases expire -> out.writeByte(EXPIRE_LEASES);
            case Command.DeregisterNode deregister -> {
                out.writeByte(DEREGISTER_NODE);
                out.writeText(deregister.node().value());
                out.writeLong(deregister.epoch());
            }
            case Command.CreateTenant create -> {
                out.writeByte(CREATE_TENANT);
                out.writeText(create.tenant().value());
                out.writeBytes(create.secret());
            }
            case Command.CreateApiKey create -> {
                out.writeByte(CREATE_API_KEY);
                out.writeText(create.tenant().value());
                out.writeText(create.keySha256Hex());
                out.writeText(create.label());
            }
            case Command.RevokeApiKey revoke -> {
                out.writeByte(REVOKE_API_KEY);
                out.writeText(revoke.keySha256Hex());
            }
            case Command.SettleUsage settle -> {
                out.writeByte(SETTLE_USAGE);
                out.writeList(settle.entries(), CommandCodec::write);
            }
            case Command.ChangeBatch batch -> {
                out.writeByte(CHANGE_BATCH);
                BatchCodec.write(out, batch.change());
                out.writeList(batch.charges(), CommandCodec::write);
            }
            case Command.AdoptFiles adopt -> {
                out.writeByte(ADOPT_FILES);
                out.writeText(adopt.directory());
            }
            case Command.ChangeKeys keys -> {
                out.writeByte(CHANGE_KEYS);
                KeyCodec.write(out, keys.change());
            }
        }
    }

    private static Command read(final RecordReader in) {
        final int type = in.readByte();
        return switch (type) {
            case REGISTER_NODE -> new Command.RegisterNode(MemberCodec.readNode(in), in.readLong());
            case RENEW_LEASES -> new Command.RenewLeases(in.readList(MemberCodec::readLease), in.readLong());
            case EXPIRE_LEASES -> new Command.ExpireLeases();
            case DEREGISTER_NODE -> new Command.DeregisterNode(new NodeId(in.readText()), in.readLong());
            case CREATE_TENANT -> new Command.CreateTenant(new TenantId(in.readText()), in.readBytes());
            case CREATE_API_KEY ->
                new Command.CreateApiKey(new TenantId(in.readText()), in.readText(), in.readText());
            case REVOKE_API_KEY -> new Command.RevokeApiKey(in.readText());
            case SETTLE_USAGE -> new Command.SettleUsage(in.readList(CommandCodec::readEntry));
            case CHANGE_BATCH -> new Command.ChangeBatch(BatchCodec.readChange(in), in.readList(CommandCodec::readEntry));
            case ADOPT_FILES -> new Command.AdoptFiles(in.readText());
            case CHANGE_KEYS -> new Command.ChangeKeys(KeyCodec.readChange(in));
            default -> throw new IllegalArgumentException("unknown command type " + type);
        };
    }

    private static void write(final RecordWriter out, final Command.UsageEntry entry) throws IOException {
        out.writeText(entry.tenant().value());
        out.writeText(entry.run());
        out.writeText(entry.model());
        out.writeLong(entry.promptTokens());
        out.writeLong(entry.cachedTokens());
        out.writeLong(entry.outputTokens());
        out.writeLong(entry.costNanoDollars());
    }

    private static Command.UsageEntry readEntry(final RecordReader in) {
        return new Command.UsageEntry(new TenantId(in.readText()), in.readText(), in.readText(), in.readLong(),
            in.readLong(), in.readLong(), in.readLong());
    }
}
