package io.spillway.coordinator.raft;

import io.spillway.coordinator.state.StateImage;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.List;
import java.util.stream.Stream;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.MD5FileUtil;

/**
 * Snapshots on disk. A snapshot is there entirely or not at all: it is written beside its place, forced to the disk, renamed,
 * and counts only once its digest stands beside it. The MD5 is what Ratis compares when it sends a snapshot to a replica
 * that is behind: it finds damage, not attackers. Every failure is thrown: Ratis keeps the log of what no snapshot holds.
 */
final class SnapshotFiles {
    private static final String UNFINISHED = ".unfinished";

    private SnapshotFiles() {
    }

    /** Removes what a replica that was stopped in the middle of a snapshot left behind. */
    static void removeUnfinished(final Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        final List<Path> files;
        try (Stream<Path> listing = Files.list(directory)) {
            files = listing.toList();
        }
        for (final Path file : files) {
            final String name = file.getFileName().toString();
            final boolean withoutDigest = SimpleStateMachineStorage.SNAPSHOT_REGEX.matcher(name).matches()
                && !files.contains(digestOf(file));
            if (name.endsWith(UNFINISHED) || withoutDigest) {
                Files.delete(file);
            }
        }
    }

    /**
     * Writes a snapshot.
     *
     * @param file  its final place
     * @param index newest log entry in the image
     */
    static SingleFileSnapshotInfo write(final Path file, final TermIndex index, final StateImage image)
        throws IOException {
        final Path unfinished = file.resolveSibling(file.getFileName() + UNFINISHED);
        final MD5Hash digest;
        try {
            digest = writeForced(unfinished, image);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(unfinished);
        }
        MD5FileUtil.saveMD5File(file.toFile(), digest);
        force(file.getParent());
        return new SingleFileSnapshotInfo(new FileInfo(file, digest), index);
    }

    /** Reads a snapshot whose digest is right. */
    static StateImage read(final SingleFileSnapshotInfo snapshot) throws IOException {
        final Path file = snapshot.getFile().getPath();
        final byte[] bytes = Files.readAllBytes(file);
        final MD5Hash expected = MD5FileUtil.readStoredMd5ForFile(file.toFile());
        if (!MD5Hash.newInstance(md5().digest(bytes)).equals(expected)) {
            throw new IOException("snapshot " + file + " is damaged: its MD5 is not " + expected
                + ". Delete this replica's storage directory: it fetches the state from the other replicas");
        }
        return ImageCodec.decode(ByteBuffer.wrap(bytes));
    }

    private static MD5Hash writeForced(final Path file, final StateImage image) throws IOException {
        final MessageDigest md5 = md5();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
            OutputStream out = new BufferedOutputStream(
                new DigestOutputStream(Channels.newOutputStream(channel), md5), 64 * 1024)) {
            ImageCodec.write(new RecordWriter(out), image);
            out.flush();
            channel.force(true);
        }
        return MD5Hash.newInstance(md5.digest());
    }

    /** A rename is durable once its directory is. */
    private static void force(final Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static Path digestOf(final Path file) {
        return MD5FileUtil.getDigestFileForFile(file.toFile()).toPath();
    }

    private static MessageDigest md5() {
        return MD5FileUtil.newMD5();
    }
}
