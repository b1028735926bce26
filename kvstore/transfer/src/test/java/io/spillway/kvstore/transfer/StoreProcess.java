package io.spillway.kvstore.transfer;

import io.spillway.domain.id.NodeId;
import io.spillway.kvstore.service.ServiceConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A store in a process of its own: holds a known chain, prints its port, lives until it is killed or its input ends.
 */
final class StoreProcess {
    static final int BLOCKS = 48;
    static final int BLOCK_BYTES = 2 << 20;

    private StoreProcess() {
    }

    /** @param arguments directory, port (0 = any) */
    public static void main(final String[] arguments) throws IOException {
        final NodeId id = new NodeId("store");
        final TransferConfig.Listen listen =
            new TransferConfig.Listen("127.0.0.1", Integer.parseInt(arguments[1]), "127.0.0.1");
        final TransferConfig config = TransferConfig.of(id, listen, Path.of(arguments[0]));
        try (Member store = new Member("store", ServiceConfig.ofHost(256L << 20), config)) {
            store.store(1, blocks());
            System.out.println(store.transfer.endpoint().port());
            while (System.in.read() >= 0) {
                // waits for the end of the test
            }
        }
    }

    static List<byte[]> blocks() {
        final List<byte[]> blocks = new ArrayList<>();
        for (int i = 0; i < BLOCKS; i++) {
            blocks.add(Member.bytes(i, BLOCK_BYTES));
        }
        return blocks;
    }
}
