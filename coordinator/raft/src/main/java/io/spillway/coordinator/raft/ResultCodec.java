package io.spillway.coordinator.raft;

import io.spillway.coordinator.state.CommandResult;
import io.spillway.domain.error.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Answers to commands as bytes. Layout: version, type, fields. Pure functions; any thread. */
final class ResultCodec {
    static final int VERSION = 1;
    private static final String WHAT = "the answer to a command";
    private static final int DONE = 1;
    private static final int REGISTERED = 2;
    private static final int RENEWED = 3;
    private static final int REFUSED = 4;

    private ResultCodec() {
    }

    static byte[] encode(final CommandResult result) {
        return RecordWriter.bytesOf(out -> {
            out.writeByte(VERSION);
            write(out, result);
        });
    }

    /** @throws io.spillway.domain.error.SpillwayException for bytes of another version, or damaged ones */
    static CommandResult decode(final ByteBuffer bytes) {
        return RecordReader.read(WHAT, bytes, in -> {
            in.expectVersion(WHAT, VERSION);
            return read(in);
        });
    }

    static void write(final RecordWriter out, final CommandResult result) throws IOException {
        switch (result) {
            case CommandResult.Done done -> out.writeByte(DONE);
            case CommandResult.Registered registered -> {
                out.writeByte(REGISTERED);
                out.writeLong(registered.epoch());
                out.writeLong(registered.leaseUntilEpochMillis());
            }
            case CommandResult.Renewed renewed -> {
                out.writeByte(RENEWED);
                out.writeList(renewed.stale(), MemberCodec::write);
            }
            case CommandResult.Refused refused -> {
                out.writeByte(REFUSED);
                out.writeInt(refused.code().number());
                out.writeText(refused.detail());
            }
        }
    }

    static CommandResult read(final RecordReader in) {
        final int type = in.readByte();
        return switch (type) {
            case DONE -> new CommandResult.Done();
            case REGISTERED -> new CommandResult.Registered(in.readLong(), in.readLong());
            case RENEWED -> new CommandResult.Renewed(in.readList(MemberCodec::readLease));
            case REFUSED -> new CommandResult.Refused(ErrorCode.ofNumber(in.readInt()), in.readText());
            default -> throw new IllegalArgumentException("unknown result type " + type);
        };
    }
}
