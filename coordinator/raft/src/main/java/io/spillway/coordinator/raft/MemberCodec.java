package io.spillway.coordinator.raft;

import io.spillway.coordinator.state.Command.Lease;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.kv.ModelFingerprint;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Members as bytes. Pure functions; any thread. */
final class MemberCodec {
    private MemberCodec() {
    }

    static void write(final RecordWriter out, final NodeDescriptor node) throws IOException {
        out.writeText(node.id().value());
        out.writeByte(node.role().number());
        write(out, node.rpc());
        write(out, node.transfer());
        out.writeList(node.model().map(List::of).orElse(List.of()), MemberCodec::write);
        out.writeInt(node.deviceBlocks());
    }

    static NodeDescriptor readNode(final RecordReader in) {
        return new NodeDescriptor(new NodeId(in.readText()), NodeRole.ofNumber(in.readByte()), readEndpoint(in),
            readEndpoint(in), readModel(in), in.readInt());
    }

    static void write(final RecordWriter out, final Lease lease) throws IOException {
        out.writeText(lease.node().value());
        out.writeLong(lease.epoch());
    }

    static Lease readLease(final RecordReader in) {
        return new Lease(new NodeId(in.readText()), in.readLong());
    }

    private static void write(final RecordWriter out, final Endpoint endpoint) throws IOException {
        out.writeText(endpoint.host());
        out.writeInt(endpoint.port());
    }

    private static Endpoint readEndpoint(final RecordReader in) {
        return new Endpoint(in.readText(), in.readInt());
    }

    private static void write(final RecordWriter out, final ModelDescriptor model) throws IOException {
        out.writeText(model.id().value());
        out.writeText(model.fingerprint().hex());
        out.writeInt(model.contextTokens());
        out.writeInt(model.vocabularySize());
        out.writeInt(model.layout().layers());
        out.writeInt(model.layout().kvHeads());
        out.writeInt(model.layout().headDim());
        out.writeInt(model.layout().blockTokens());
        out.writeByte(model.layout().element().number());
        out.writeInt(model.hashVersion());
    }

    private static Optional<ModelDescriptor> readModel(final RecordReader in) {
        final List<ModelDescriptor> models = in.readList(MemberCodec::readDescriptor);
        if (models.size() > 1) {
            throw new IllegalArgumentException("a member names " + models.size() + " models");
        }
        return models.stream().findFirst();
    }

    private static ModelDescriptor readDescriptor(final RecordReader in) {
        return new ModelDescriptor(new ModelId(in.readText()), new ModelFingerprint(in.readText()), in.readInt(),
            in.readInt(), readLayout(in), in.readInt());
    }

    private static KvLayout readLayout(final RecordReader in) {
        return new KvLayout(in.readInt(), in.readInt(), in.readInt(), in.readInt(), KvElement.ofNumber(in.readByte()));
    }
}
