package io.spillway.coordinator.raft;

import io.spillway.coordinator.state.ClusterView.Member;
import io.spillway.coordinator.state.ClusterView.RunKey;
import io.spillway.coordinator.state.ClusterView.UsageTotals;
import io.spillway.coordinator.state.StateImage;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.TenantSecret;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The whole state as the content of a snapshot. Layout: version, then the lists of the image. Snapshots of all versions so far are
 * read. Pure functions; any thread.
 */
final class ImageCodec {
    static final int VERSION = 3;
    /** Without batches. */
    private static final int FIRST_VERSION = 1;
    /** Keys with scopes. */
    private static final int SCOPES_VERSION = 3;
    private static final String WHAT = "the snapshot";

    private ImageCodec() {
    }

    static void write(final RecordWriter out, final StateImage image) throws IOException {
        out.writeByte(VERSION);
        out.writeLong(image.commandsApplied());
        out.writeLong(image.lastEpoch());
        out.writeList(image.members(), ImageCodec::write);
        out.writeList(image.tenants(), ImageCodec::write);
        out.writeList(image.keys(), KeyCodec::write);
        out.writeList(image.runs(), ImageCodec::write);
        out.writeList(image.remembered(), ImageCodec::write);
        out.writeText(image.batches().directory());
        out.writeList(image.batches().jobs(), BatchCodec::write);
    }

    /** @throws io.spillway.domain.error.SpillwayException for bytes of another version, or damaged ones */
    static StateImage decode(final ByteBuffer bytes) {
        return RecordReader.read(WHAT, bytes, in -> {
            final int version = in.expectVersion(WHAT, FIRST_VERSION, VERSION);
            return new StateImage(in.readLong(), in.readLong(), in.readList(ImageCodec::readMember),
                in.readList(ImageCodec::readTenant),
                in.readList(version < SCOPES_VERSION ? KeyCodec::readUnboundedKey : KeyCodec::readKey), in.readList(ImageCodec::readRun),
                in.readList(ImageCodec::readRemembered),
                version == FIRST_VERSION ? StateImage.Batches.NONE
                    : new StateImage.Batches(in.readText(), in.readList(BatchCodec::readJob)));
        });
    }

    private static void write(final RecordWriter out, final Member member) throws IOException {
        MemberCodec.write(out, member.descriptor());
        out.writeLong(member.epoch());
        out.writeLong(member.leaseUntilEpochMillis());
    }

    private static Member readMember(final RecordReader in) {
        return new Member(MemberCodec.readNode(in), in.readLong(), in.readLong());
    }

    private static void write(final RecordWriter out, final StateImage.Tenant tenant) throws IOException {
        out.writeText(tenant.id().value());
        out.writeBytes(tenant.secret().toBytes());
        write(out, tenant.usage());
    }

    private static StateImage.Tenant readTenant(final RecordReader in) {
        return new StateImage.Tenant(new TenantId(in.readText()), new TenantSecret(in.readBytes()), readTotals(in));
    }

    private static void write(final RecordWriter out, final StateImage.Run run) throws IOException {
        out.writeText(run.key().tenant().value());
        out.writeText(run.key().run());
        write(out, run.usage());
    }

    private static StateImage.Run readRun(final RecordReader in) {
        return new StateImage.Run(new RunKey(new TenantId(in.readText()), in.readText()), readTotals(in));
    }

    private static void write(final RecordWriter out, final StateImage.Remembered remembered) throws IOException {
        out.writeText(remembered.commandId());
        ResultCodec.write(out, remembered.result());
    }

    private static StateImage.Remembered readRemembered(final RecordReader in) {
        return new StateImage.Remembered(in.readText(), ResultCodec.read(in));
    }

    private static void write(final RecordWriter out, final UsageTotals totals) throws IOException {
        out.writeLong(totals.requests());
        out.writeLong(totals.promptTokens());
        out.writeLong(totals.cachedTokens());
        out.writeLong(totals.outputTokens());
        out.writeLong(totals.costNanoDollars());
    }

    private static UsageTotals readTotals(final RecordReader in) {
        return new UsageTotals(in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong());
    }
}
