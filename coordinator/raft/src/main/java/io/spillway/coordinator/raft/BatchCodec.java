package io.spillway.coordinator.raft;

import io.spillway.coordinator.batch.BatchChange;
import io.spillway.coordinator.batch.BatchFiles;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.batch.BatchOrder;
import io.spillway.coordinator.batch.BatchProblem;
import io.spillway.coordinator.batch.BatchStatus;
import io.spillway.coordinator.batch.BatchTally;
import io.spillway.coordinator.batch.BatchTimes;
import io.spillway.coordinator.batch.BatchWork;
import io.spillway.domain.id.BatchId;
import io.spillway.domain.id.FileId;
import io.spillway.domain.id.TenantId;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** Batches and their steps as bytes. Type numbers are never used again for something else. Pure functions; any thread. */
final class BatchCodec {
    private static final int CREATE = 1;
    private static final int CLAIM = 2;
    private static final int BEGIN = 3;
    private static final int REJECT = 4;
    private static final int ACCOUNT = 5;
    private static final int CANCEL = 6;
    private static final int CLOSE = 7;
    private static final int FINISH = 8;

    private BatchCodec() {
    }

    static void write(final RecordWriter out, final BatchChange change) throws IOException {
        out.writeByte(type(change));
        out.writeText(change.id().value());
        switch (change) {
            case BatchChange.Create create -> write(out, create.order());
            case BatchChange.Claim claim -> out.writeText(claim.owner());
            case BatchChange.Begin begin -> {
                out.writeLong(begin.epoch());
                out.writeInt(begin.lines());
                out.writeText(begin.model());
            }
            case BatchChange.Reject reject -> {
                out.writeLong(reject.epoch());
                out.writeList(reject.problems(), BatchCodec::write);
            }
            case BatchChange.Account account -> {
                out.writeLong(account.epoch());
                out.writeInt(account.from());
                write(out, account.tally());
            }
            case BatchChange.Cancel cancel -> out.writeText(cancel.tenant().value());
            case BatchChange.Close close -> out.writeLong(close.epoch());
            case BatchChange.Finish finish -> {
                out.writeLong(finish.epoch());
                out.writeByte(finish.end().ordinal());
                write(out, finish.files());
            }
        }
    }

    private static int type(final BatchChange change) {
        return switch (change) {
            case BatchChange.Create _ -> CREATE;
            case BatchChange.Claim _ -> CLAIM;
            case BatchChange.Begin _ -> BEGIN;
            case BatchChange.Reject _ -> REJECT;
            case BatchChange.Account _ -> ACCOUNT;
            case BatchChange.Cancel _ -> CANCEL;
            case BatchChange.Close _ -> CLOSE;
            case BatchChange.Finish _ -> FINISH;
        };
    }

    static BatchChange readChange(final RecordReader in) {
        final int type = in.readByte();
        final BatchId id = new BatchId(in.readText());
        return switch (type) {
            case CREATE -> new BatchChange.Create(id, readOrder(in));
            case CLAIM -> new BatchChange.Claim(id, in.readText());
            case BEGIN -> new BatchChange.Begin(id, in.readLong(), in.readInt(), in.readText());
            case REJECT -> new BatchChange.Reject(id, in.readLong(), in.readList(BatchCodec::readProblem));
            case ACCOUNT -> new BatchChange.Account(id, in.readLong(), in.readInt(), readTally(in));
            case CANCEL -> new BatchChange.Cancel(id, new TenantId(in.readText()));
            case CLOSE -> new BatchChange.Close(id, in.readLong());
            case FINISH -> new BatchChange.Finish(id, in.readLong(), readStatus(in), readFiles(in));
            default -> throw new IllegalArgumentException("unknown step of a batch: " + type);
        };
    }

    static void write(final RecordWriter out, final BatchJob job) throws IOException {
        out.writeText(job.id().value());
        write(out, job.order());
        out.writeByte(job.status().ordinal());
        write(out, job.times());
        out.writeText(job.model());
        out.writeInt(job.lines());
        write(out, job.tally());
        write(out, job.work());
        write(out, job.files());
        out.writeList(job.problems(), BatchCodec::write);
    }

    static BatchJob readJob(final RecordReader in) {
        return new BatchJob(new BatchId(in.readText()), readOrder(in), readStatus(in), readTimes(in), in.readText(),
            in.readInt(), readTally(in), readWork(in), readFiles(in), in.readList(BatchCodec::readProblem));
    }

    private static void write(final RecordWriter out, final BatchOrder order) throws IOException {
        out.writeText(order.tenant().value());
        out.writeText(order.input().value());
        out.writeText(order.endpoint());
        out.writeLong(order.windowMillis());
        out.writeList(order.metadata().entrySet(), (to, entry) -> {
            to.writeText(entry.getKey());
            to.writeText(entry.getValue());
        });
        out.writeLong(order.outputKeepSeconds().orElse(-1));
    }

    private static BatchOrder readOrder(final RecordReader in) {
        final TenantId tenant = new TenantId(in.readText());
        final FileId input = new FileId(in.readText());
        final String endpoint = in.readText();
        final long windowMillis = in.readLong();
        final SortedMap<String, String> metadata = new TreeMap<>();
        in.readList(each -> Map.entry(each.readText(), each.readText()))
            .forEach(entry -> metadata.put(entry.getKey(), entry.getValue()));
        final long keepSeconds = in.readLong();
        return new BatchOrder(tenant, input, endpoint, windowMillis, metadata,
            keepSeconds < 0 ? OptionalLong.empty() : OptionalLong.of(keepSeconds));
    }

    private static BatchStatus readStatus(final RecordReader in) {
        final int number = in.readByte();
        if (number < 0 || number >= BatchStatus.values().length) {
            throw new IllegalArgumentException("unknown status of a batch: " + number);
        }
        return BatchStatus.values()[number];
    }

    private static void write(final RecordWriter out, final BatchTimes times) throws IOException {
        out.writeLong(times.createdMillis());
        out.writeLong(times.expiresMillis());
        out.writeLong(times.inProgressMillis());
        out.writeLong(times.finalizingMillis());
        out.writeLong(times.cancellingMillis());
        out.writeLong(times.endedMillis());
    }

    private static BatchTimes readTimes(final RecordReader in) {
        return new BatchTimes(
            in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong());
    }

    private static void write(final RecordWriter out, final BatchTally tally) throws IOException {
        out.writeInt(tally.completed());
        out.writeInt(tally.failed());
        out.writeLong(tally.promptTokens());
        out.writeLong(tally.cachedTokens());
        out.writeLong(tally.outputTokens());
        out.writeLong(tally.reasoningTokens());
    }

    private static BatchTally readTally(final RecordReader in) {
        return new BatchTally(
            in.readInt(), in.readInt(), in.readLong(), in.readLong(), in.readLong(), in.readLong());
    }

    private static void write(final RecordWriter out, final BatchWork work) throws IOException {
        out.writeText(work.owner());
        out.writeLong(work.epoch());
        out.writeList(work.segments(), (to, segment) -> {
            to.writeLong(segment.epoch());
            to.writeInt(segment.records());
        });
    }

    private static BatchWork readWork(final RecordReader in) {
        return new BatchWork(in.readText(), in.readLong(),
            in.readList(each -> new BatchWork.Segment(each.readLong(), each.readInt())));
    }

    private static void write(final RecordWriter out, final BatchFiles files) throws IOException {
        out.writeText(files.output().map(FileId::value).orElse(""));
        out.writeText(files.errors().map(FileId::value).orElse(""));
    }

    private static BatchFiles readFiles(final RecordReader in) {
        return new BatchFiles(readFile(in), readFile(in));
    }

    private static Optional<FileId> readFile(final RecordReader in) {
        final String id = in.readText();
        return id.isEmpty() ? Optional.empty() : Optional.of(new FileId(id));
    }

    private static void write(final RecordWriter out, final BatchProblem problem) throws IOException {
        out.writeText(problem.code());
        out.writeText(problem.message());
        out.writeText(problem.param());
        out.writeInt(problem.line());
    }

    private static BatchProblem readProblem(final RecordReader in) {
        return new BatchProblem(in.readText(), in.readText(), in.readText(), in.readInt());
    }
}
